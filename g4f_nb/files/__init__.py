"""Pictures, sound and documents that go along with a message."""
