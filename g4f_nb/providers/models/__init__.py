"""A model with settings of its own, and the models that servers list."""
