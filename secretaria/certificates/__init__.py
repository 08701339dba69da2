"""The certificate of the public address: a self-signed one at once, so that the proxy can start, and then a real one."""
