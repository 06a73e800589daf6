"""What stands behind the widgets: turns live in a `Conversation`, here is how views see and change them."""
