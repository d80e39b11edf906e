"""Cards spoiled in every known way: each is refused, and for its own reason."""

import pytest

from idp.emrtd.errors import EmrtdError
from tests.cards.altered import ALTERED
from tests.cards.people import NOW
from tests.cards.reading import believe, read


@pytest.mark.parametrize("way", ALTERED)
def test_altered_card_is_refused(way):
    """A card that was altered is never believed, and the log says why."""
    altered = ALTERED[way]()
    with pytest.raises(EmrtdError) as refused:
        believe(
            read(altered.chip, altered.access, portrait=altered.reads_portrait),
            altered.trusted,
            now=NOW,
        )
    assert refused.value.reason == altered.reason
