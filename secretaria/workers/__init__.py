"""The Dramatiq edge: each actor takes one id and calls one use case."""
