"""What OpenAI's own dialect asks for: one chat, its shortcut, images."""
