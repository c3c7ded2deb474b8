"""The control API: how a test steers the mock and sees what happened. FastAPI, with its own OpenAPI."""

from understudy.mockserver.control.app import build_control

__all__ = ["build_control"]
