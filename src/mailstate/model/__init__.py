"""Values: what files and dimail are made of. No behaviour beyond their own keys, no I/O."""
