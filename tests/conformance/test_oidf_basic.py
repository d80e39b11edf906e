"""`oidcc-basic-certification-test-plan`, answers by query."""

from tests.conformance.modules import BasicModules


class TestBasic(BasicModules):
    response_mode = "query"
