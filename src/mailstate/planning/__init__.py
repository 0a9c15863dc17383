"""Pure functions: two states and a policy in, a plan out."""
