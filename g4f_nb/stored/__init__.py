"""What the store is made of: one file for several kernels, and a module for each kind of thing in it."""
