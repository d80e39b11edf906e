"""The pages of the chip card: what they may reach, and what works without a script."""

from tests.driver import Browser


def test_pages_let_the_agent_alone_be_reached(browser: Browser, provider) -> None:
    """The chip pages name the agent's origin and tell ours; no other page does."""
    agent_origin = f"http://127.0.0.1:{provider.config.chip.agent_port}"
    shown = browser.page
    going = browser.submit()
    other = browser.client.get("/")

    for page in (shown, going):
        policy = page.headers["Content-Security-Policy"]
        assert f"connect-src 'self' {agent_origin};" in policy
        assert policy.endswith(agent_origin)
        assert page.headers.getlist("Referrer-Policy") == ["origin"]
        assert "loopback-network=(self)" in page.headers["Permissions-Policy"]
        assert '<meta name="referrer" content="origin">' in page.text
    assert agent_origin not in other.headers["Content-Security-Policy"]
    assert other.headers["Referrer-Policy"] == "no-referrer"
    assert f'action="{agent_origin}/start"' in going.text
