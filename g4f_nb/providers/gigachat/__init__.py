"""GigaChat, with its tokens, its form of messages and functions, and whom it trusts."""
