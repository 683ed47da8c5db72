"""The link emulator: what core/link models, done to real datagrams and byte streams between sockets, in one process and one loop."""
