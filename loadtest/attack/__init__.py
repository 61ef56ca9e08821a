"""Clients that mean harm by being slow."""
