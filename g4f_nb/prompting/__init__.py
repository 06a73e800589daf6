"""What goes into a prompt: values by name, files, and the list of what was sent."""
