"""What vendors issue as credentials: how each begins, and what it is made of.

Sources: the vendors' own documentation of their token formats, and the rules that public secret
scanners publish. Only those that tell themselves apart are here; a bare string of 32 hex digits is
one only where a name says so (`ledger.logs.credentials`).
"""

from __future__ import annotations

from dataclasses import dataclass

_WORD, _SIGN, _HEX = "[A-Za-z0-9_-]", "[A-Za-z0-9]", "[0-9a-f]"
_NO_MORE = "(?![A-Za-z0-9])"


@dataclass(frozen=True, slots=True)
class Issued:
    """Credentials of a vendor: how they begin, and the rest; `anchor` finds them in JSON text.

    Without an anchor of its own, `begins` is one: no encoder of JSON escapes what is in it.
    """

    begins: str
    rest: str
    anchor: str = ""


ISSUED = (
    Issued("A(?:KIA|SIA|BIA|CCA)", "[A-Z0-9]{16}" + _NO_MORE),  # AWS
    Issued("ABSK[A-Za-z0-9]", "[A-Za-z0-9+/]{60,}+={0,2}"),
    Issued("gh[pousr]_", f"{_SIGN}{{20,}}+"),  # GitHub
    Issued("github_pat_", "[A-Za-z0-9_]{20,}+"),
    Issued("gl(?:pat|oas|dt|rtr?|cbt|ptt|ft|imt|agent|soat|ffct)-", f"{_WORD}{{20,}}+"),  # GitLab
    Issued("xox[a-z](?:\\.xox[a-z])?-", "[A-Za-z0-9-]{10,}+", "xox[a-z][.-]"),  # Slack
    Issued("xapp-", "[A-Za-z0-9-]{10,}+"),
    Issued("AIza", f"{_WORD}{{35}}"),  # Google
    Issued("ya29\\.", f"{_WORD}{{20,}}+"),
    Issued("GOCSPX-", f"{_WORD}{{20,}}+"),
    Issued("1//0", f"{_WORD}{{40,}}+", "1\\\\?/\\\\?/0[A-Za-z0-9_-]{8}"),
    Issued("[rs]k_(?:live|test)_", f"{_SIGN}{{10,}}+"),  # Stripe
    Issued("whsec_", "[A-Za-z0-9+/]{20,}+={0,2}"),
    Issued("SK[0-9a-f]", f"{_HEX}{{31}}" + _NO_MORE),  # Twilio
    Issued("SG\\.", f"{_WORD}{{22}}\\.{_WORD}{{43}}", "SG\\.[A-Za-z0-9_-]{8}"),  # SendGrid
    Issued("key-[0-9a-f]", f"{_HEX}{{31}}" + _NO_MORE),  # Mailgun
    Issued(f"{_HEX}{{32}}-us", "[0-9]{1,2}" + _NO_MORE, "[0-9a-f]-us[0-9]"),  # Mailchimp
    Issued("[0-9]{8,10}:AA", f"{_WORD}{{33}}", "[0-9]:AA"),  # Telegram
    Issued("npm_", f"{_SIGN}{{36}}"),
    Issued("pypi-AgE", f"{_WORD}{{50,}}+"),
    Issued("rubygems_", f"{_HEX}{{48}}"),
    Issued("dckr_[po]at_", f"{_WORD}{{20,}}+"),  # Docker
    Issued("hf_", f"{_SIGN}{{30,}}+", "hf_[A-Za-z0-9]{8}"),  # Hugging Face
    Issued("sk-", f"{_SIGN}{{20,}}+{_WORD}*+", "sk-[A-Za-z0-9_-]{20}"),  # OpenAI and others
    Issued("sk-lf-", f"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}"),  # Langfuse
    Issued("lsv2_[ps][tk]_", f"{_HEX}{{32}}_{_HEX}{{10}}"),  # LangSmith
    Issued("gsk_", f"{_SIGN}{{40,}}+"),  # Groq
    Issued("csk-", f"{_SIGN}{{40,}}+"),  # Cerebras
    Issued("pplx-", f"{_SIGN}{{40,}}+"),  # Perplexity
    Issued("xai-", f"{_SIGN}{{70,}}+"),
    Issued("r8_", f"{_SIGN}{{37}}"),  # Replicate
    Issued("nvapi-", f"{_WORD}{{60,}}+"),
    Issued("pcsk_", "[A-Za-z0-9_]{40,}+"),  # Pinecone
    Issued("tvly-", f"(?:dev-|prod-)?{_SIGN}{{30,}}+"),  # Tavily
    Issued("do[opr]_v1_", f"{_HEX}{{64}}"),  # DigitalOcean
    Issued("HRKU-", f"{_WORD}{{36,}}+"),  # Heroku
    Issued("shp(?:at|ca|pa|ss|tka)_", "[0-9A-Fa-f]{32}"),  # Shopify
    Issued("sq0(?:atp|csp|idp)-", f"{_WORD}{{22,}}+"),  # Square
    Issued("EAA[A-Z]", f"{_SIGN}{{60,}}+"),  # Square, Meta
    Issued("dapi[0-9a-f]", f"{_HEX}{{31}}(?:-[0-9])?" + _NO_MORE),  # Databricks
    Issued("hv[sbr]\\.", f"{_WORD}{{24,}}+"),  # Vault
    Issued(f"{_SIGN}{{14}}\\.atlasv1\\.", f"{_WORD}{{60,}}+", "\\.atlasv1\\."),  # Terraform
    Issued("NRAK-", "[A-Z0-9]{27}"),  # New Relic
    Issued("sntr(?:ys|yu)_", "[A-Za-z0-9+/=_-]{40,}+"),  # Sentry
    Issued("glsa_", f"{_SIGN}{{32}}_[0-9A-Fa-f]{{8}}"),  # Grafana
    Issued("glc_eyJ", "[A-Za-z0-9+/=_-]{20,}+"),
    Issued("lin_api_", f"{_SIGN}{{40}}"),  # Linear
    Issued("ntn_", f"{_SIGN}{{40,}}+"),  # Notion
    Issued("secret_", f"{_SIGN}{{43}}" + _NO_MORE, "secret_[A-Za-z0-9]{8}"),
    Issued(f"pat{_SIGN}{{14}}\\.", f"{_HEX}{{64}}"),  # Airtable
    Issued("figd_", f"{_WORD}{{40}}"),  # Figma
    Issued("pul-[0-9a-f]", f"{_HEX}{{39}}"),  # Pulumi
    Issued("pscale_(?:tkn|pw|oauth)_", "[A-Za-z0-9_.-]{32,}+"),  # PlanetScale
    Issued("dp\\.(?:pt|st|ct|sa|scim|audit)\\.", f"{_WORD}{{40,}}+"),  # Doppler
    Issued("EZ[AT]K", f"{_SIGN}{{54}}"),  # EasyPost
    Issued("shippo_live_", f"{_HEX}{{40}}"),
    Issued("sgp_", f"{_HEX}{{40}}"),  # Sourcegraph
    Issued("ops_eyJ", f"{_WORD}{{100,}}+"),  # 1Password
    Issued("v1\\.0-", f"{_HEX}{{24}}-{_HEX}{{146}}", "v1\\.0-[0-9a-f]{24}"),  # Cloudflare
    Issued("sbp_", f"{_HEX}{{40}}"),  # Supabase
    Issued("sb_secret_", f"{_WORD}{{20,}}+"),
    Issued("PMAK-", f"{_HEX}{{24}}-{_HEX}{{34}}"),  # Postman
    Issued("ATATT3", "[A-Za-z0-9_=-]{100,}+"),  # Atlassian
    Issued("dt0c01\\.", "[A-Z0-9]{24}\\.[A-Z0-9]{64}"),  # Dynatrace
    Issued("fm[12]_", "[A-Za-z0-9+/]{60,}+={0,3}"),  # Fly.io
    Issued("AGE-SECRET-KEY-1", "[0-9A-Z]{58}"),
    Issued("[A-Za-z0-9~_.-]{3}[0-9]Q~", "[A-Za-z0-9~_.-]{31,34}", "[0-9]Q~"),  # Entra
)
# Beginnings that words have as well (`sk-learn-...`): only with something that is no word.
LIKE_WORDS = (
    Issued("sk-", f"{_WORD}{{20,}}+", "sk-[A-Za-z0-9_-]{20}"),  # Anthropic, OpenRouter, LiteLLM
    Issued("fw_", f"{_SIGN}{{22,}}+", "fw_[A-Za-z0-9]{8}"),  # Fireworks
)
