"""The checks of a relay as pytest modules: `pytest --pyargs understudy.contracts.relay --understudy-provider …`."""
