"""./dev demo: a few hundred requests of several workflows through the real SDKs, and their bill."""
