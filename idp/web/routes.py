"""Everything that the pages add to the application."""

from flask import Flask

from idp.web import (
    account,
    account_actions,
    account_chip,
    account_codes,
    account_factors,
    account_organisation,
    account_organisations,
    account_passcode,
    account_passkey,
    account_password,
    account_requests,
    account_totp,
    account_wallet,
    account_ward_ending,
    account_ward_lock,
    account_wards,
    acting,
    approve,
    chip,
    chip_reader,
    confirmation,
    consent,
    counter,
    device,
    errors,
    forgotten,
    language,
    login,
    logout,
    otp,
    pages,
    passcode,
    passkey,
    password_step,
    preferences,
    recovery,
    refused,
    sandbox_pages,
    user_code,
    way_back,
    way_back_changes,
    way_back_face,
    way_back_proofs,
    ways,
)
from idp.web.activate import secrets as activate_secrets
from idp.web.activate import start as activate_start
from idp.web.enrol import details as enrol_details
from idp.web.enrol import status as enrol_status
from idp.web.enrol import steps as enrol_steps
from idp.web.enrol import ward as enrol_ward
from idp.web.rights import pages as rights_pages
from idp.web.site import Site
from idp.web.staff import account_sessions as staff_account_sessions
from idp.web.staff import accounts as staff_accounts
from idp.web.staff import alarms as staff_alarms
from idp.web.staff import approvals as staff_approvals
from idp.web.staff import audit as staff_audit
from idp.web.staff import audit_entry as staff_audit_entry
from idp.web.staff import changes as staff_changes
from idp.web.staff import corrections as staff_corrections
from idp.web.staff import desk_pages
from idp.web.staff import figures as staff_figures
from idp.web.staff import health as staff_health
from idp.web.staff import home as staff_home
from idp.web.staff import hotline as staff_hotline
from idp.web.staff import hotline_unlock as staff_hotline_unlock
from idp.web.staff import invitation as staff_invitation
from idp.web.staff import key_incident as staff_key_incident
from idp.web.staff import key_kill as staff_key_kill
from idp.web.staff import keys as staff_keys
from idp.web.staff import locks as staff_locks
from idp.web.staff import networks as staff_networks
from idp.web.staff import own_passkeys as staff_passkeys
from idp.web.staff import people as staff_people
from idp.web.staff import portal_changes as staff_portal_changes
from idp.web.staff import portals as staff_portals
from idp.web.staff import representations as staff_representations
from idp.web.staff import review as staff_review
from idp.web.staff import sign_in as staff_sign_in
from idp.web.staff import trust as staff_trust

BLUEPRINTS = (
    pages.blueprint,
    login.blueprint,
    otp.blueprint,
    passkey.blueprint,
    passcode.blueprint,
    ways.blueprint,
    password_step.blueprint,
    device.blueprint,
    approve.blueprint,
    chip.blueprint,
    chip_reader.blueprint,
    acting.blueprint,
    confirmation.blueprint,
    consent.blueprint,
    counter.blueprint,
    refused.blueprint,
    logout.blueprint,
    account.blueprint,
    account_actions.blueprint,
    account_ward_ending.blueprint,
    account_ward_lock.blueprint,
    account_wards.blueprint,
    account_organisations.blueprint,
    account_organisation.blueprint,
    account_chip.blueprint,
    account_factors.blueprint,
    account_passcode.blueprint,
    account_passkey.blueprint,
    account_codes.blueprint,
    account_password.blueprint,
    account_requests.blueprint,
    account_totp.blueprint,
    account_wallet.blueprint,
    activate_start.blueprint,
    activate_secrets.blueprint,
    forgotten.blueprint,
    recovery.blueprint,
    way_back.blueprint,
    way_back_changes.blueprint,
    way_back_face.blueprint,
    way_back_proofs.blueprint,
    staff_alarms.blueprint,
    staff_approvals.blueprint,
    staff_account_sessions.blueprint,
    staff_accounts.blueprint,
    staff_audit.blueprint,
    staff_audit_entry.blueprint,
    staff_changes.blueprint,
    *desk_pages.BLUEPRINTS,
    staff_figures.blueprint,
    staff_keys.blueprint,
    staff_key_kill.blueprint,
    staff_key_incident.blueprint,
    staff_corrections.blueprint,
    staff_locks.blueprint,
    staff_health.blueprint,
    staff_home.blueprint,
    staff_hotline.blueprint,
    staff_hotline_unlock.blueprint,
    staff_invitation.blueprint,
    staff_passkeys.blueprint,
    staff_people.blueprint,
    staff_portal_changes.blueprint,
    staff_portals.blueprint,
    staff_representations.blueprint,
    staff_review.blueprint,
    staff_sign_in.blueprint,
    staff_trust.blueprint,
    user_code.blueprint,
    enrol_details.blueprint,
    enrol_steps.blueprint,
    enrol_status.blueprint,
    enrol_ward.blueprint,
    sandbox_pages.blueprint,
    *rights_pages.BLUEPRINTS,
)


def register(app: Flask) -> None:
    """Register the pages, their errors, and what their templates need."""
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    errors.register(app)
    app.before_request(staff_networks.refuse_outside)
    app.after_request(preferences.remember)
    prepare_templates(app)


def prepare_templates(app: Flask) -> None:
    """Give templates gettext and the frame of the page."""
    app.jinja_env.globals["_"] = language.gettext
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.context_processor(lambda: {"site": Site()})
