"""Refusals of the staff pages and commands."""

from http import HTTPStatus

from idp.errors import IdpError


class StaffSignInError(IdpError):
    """The passkey signs no officer in; the log alone says why."""

    code = "DD-STAFF-001"
    status = HTTPStatus.UNPROCESSABLE_ENTITY


class InvitationError(IdpError):
    """The link is unknown, used or out of date, or its code is wrong."""

    code = "DD-STAFF-002"
    status = HTTPStatus.FORBIDDEN


class RoleError(IdpError):
    """The officer has none of the roles that this page is for."""

    code = "DD-STAFF-003"
    status = HTTPStatus.FORBIDDEN


class StaffChangeError(IdpError):
    """The change is not allowed, or somebody was faster."""

    code = "DD-STAFF-004"
    status = HTTPStatus.CONFLICT


class KnownOfficerError(StaffChangeError):
    """The personal number has an officer's account already."""


class OwnCaseError(IdpError):
    """The case is the officer's own, or of whom they act for or who acts for them."""

    code = "DD-STAFF-006"
    status = HTTPStatus.FORBIDDEN


class OutsideNetworkError(IdpError):
    """The browser is in none of the networks that officers work from."""

    code = "DD-STAFF-007"
    status = HTTPStatus.FORBIDDEN


class CaseOverError(IdpError):
    """No look-up of this session, of late, opened that account."""

    code = "DD-STAFF-010"
    status = HTTPStatus.NOT_FOUND


class UnverifiedPasskeyError(IdpError):
    """The new passkey asked neither PIN nor finger nor face."""

    code = "DD-STAFF-005"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
