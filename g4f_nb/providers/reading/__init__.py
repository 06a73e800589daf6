"""What servers send, read: the body to its frames, the frames to chunks, and errors about what is no answer.

Pure: nothing here waits, sends, or knows of providers.
"""
