"""The load driver: one thread, raw keep-alive HTTP/1.1 sockets, a closed loop, every answer checked."""
