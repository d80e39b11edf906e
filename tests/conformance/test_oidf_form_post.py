"""`oidcc-formpost-basic-certification-test-plan`: the same modules, answers by POST."""

from tests.conformance.modules import BasicModules


class TestFormPost(BasicModules):
    response_mode = "form_post"
