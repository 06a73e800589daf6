"""What is there to talk to: tables of providers and of models."""
