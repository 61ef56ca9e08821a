"""A scripted LLM provider for tests: replays recordings, generates answers, keeps its own bill."""

from .bill import Bill, Entry, Usage
from .replay import Recording
from .script import Script
from .server import Simulator

__all__ = ["Bill", "Entry", "Recording", "Script", "Simulator", "Usage"]
