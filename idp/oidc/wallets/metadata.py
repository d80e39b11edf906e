"""What wallets and verifiers read first: issuer metadata (OpenID4VCI 1.0 §12.2)."""

from typing import Any

from idp.config import Config
from idp.credentials import residence_credential
from idp.credentials.residence_credential import CONTENT
from idp.oidc.wallets.proofs import ALGORITHMS
from idp.relying_parties.localised import LANGUAGES, Localised

ISSUE_PATH = "/credentials"
NONCE_PATH = "/credentials/nonce"
NAME = Localised(
    "Proof of residence",
    {"vi": "Giấy xác nhận cư trú điện tử", "en": "Proof of residence"},
)


def credential_issuer(config: Config) -> dict[str, Any]:
    """Return the metadata of the credential issuer (§12.2.4)."""
    batch = config.credentials.batch
    operator = Localised(config.pages.operator, {})
    return {
        "credential_issuer": config.issuer,
        "credential_endpoint": f"{config.issuer}{ISSUE_PATH}",
        "nonce_endpoint": f"{config.issuer}{NONCE_PATH}",
        # It means more than one (§12.2.4).
        **({"batch_credential_issuance": {"batch_size": batch}} if batch > 1 else {}),
        "display": _display(operator),
        "credential_configurations_supported": {
            residence_credential.CONFIGURATION: _residence()
        },
    }


def jwt_vc_issuer(config: Config) -> dict[str, Any]:
    """Return where verifiers find our keys (SD-JWT VC §4)."""
    return {"issuer": config.issuer, "jwks_uri": f"{config.issuer}/jwks.json"}


def _residence() -> dict[str, Any]:
    proof = {"proof_signing_alg_values_supported": list(ALGORITHMS)}
    return {
        "format": residence_credential.FORMAT,
        "scope": residence_credential.SCOPE,
        "vct": residence_credential.TYPE,
        "credential_signing_alg_values_supported": [residence_credential.SIGNING],
        "cryptographic_binding_methods_supported": ["jwk"],
        "proof_types_supported": {"jwt": proof},
        "credential_metadata": {
            "display": _display(NAME),
            "claims": [
                {
                    "path": [claim.name],
                    "mandatory": claim.name == residence_credential.ESSENTIAL,
                    "display": _display(claim.label),
                }
                for claim in CONTENT
            ],
        },
    }


def _display(name: Localised) -> list[dict[str, str]]:
    return [{"name": name.in_language(tag), "locale": tag} for tag in LANGUAGES]
