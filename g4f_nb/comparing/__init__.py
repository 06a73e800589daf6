"""Many prompts to many models as tidy DataFrames: what is asked, how it is carried out, what comes of it."""
