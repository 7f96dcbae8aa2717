"""That no state of a session is lost when it could not be kept."""

from custom_components.ev_charging_sessions.charging.model import Session
from custom_components.ev_charging_sessions.charging.session_news import SessionNews

from .connector_bench import ACCOUNT


def session(number: int, energy: float = 0.0) -> Session:
    """Return a session in some state."""
    return Session(account=ACCOUNT, session_id=f"s{number}", energy=energy)


def told(news: SessionNews) -> list[Session]:
    """Take in all news."""
    sessions = []
    while one := news.next():
        sessions.append(one)
    return sessions


def test_news_are_told_once() -> None:
    """Test that the newest state is told, once."""
    news = SessionNews()
    news.add(session(1))
    news.add(session(2))
    news.add(session(1, 0.5))
    assert told(news) == [session(1, 0.5), session(2)]
    assert told(news) == []


def test_two_rounds_at_a_time() -> None:
    """Test that a round that fails loses nothing though another one has gone well meanwhile."""
    news = SessionNews()
    news.add(session(1))
    told(news)
    news.add(session(2))
    told(news)
    news.forget()
    assert told(news) == [session(1), session(2)]
    assert told(news) == []
    news.forget()
    assert told(news) == [session(1), session(2)]


def test_the_newest_state_is_told_again() -> None:
    """Test that no state is told again that another one has followed."""
    news = SessionNews()
    news.add(session(1))
    told(news)
    news.add(session(2))
    told(news)
    news.add(session(1, 0.5))
    told(news)
    news.add(session(2, 0.7))
    news.forget()
    assert told(news) == [session(2, 0.7), session(1, 0.5)]


def test_many_sessions_of_one_round() -> None:
    """Test that however much is told at once is told again when it could not be kept."""
    news = SessionNews()
    for number in range(100):
        news.add(session(number))
    assert len(told(news)) == 100
    told(news)
    news.forget()
    assert len(told(news)) == 100


def test_not_for_ever() -> None:
    """Test that only the last sessions are held."""
    news = SessionNews()
    for number in range(100):
        news.add(session(number))
        told(news)
    news.forget()
    assert [one.session_id for one in told(news)] == [f"s{number}" for number in range(79, 100)]
