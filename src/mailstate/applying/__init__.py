"""Carrying a plan out: one outcome for each change, whatever the network does."""
