"""Types, signatures and one-liners as JSON Schema, and a model's JSON fitted to them."""
