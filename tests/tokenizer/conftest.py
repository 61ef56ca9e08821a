def pytest_configure(config):
    config.addinivalue_line("markers", "slow: needs what ./dev vendor fetches; run by ./dev test --full")
