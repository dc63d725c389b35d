"""Certificate chains under trust anchors (RFC 5280 section 6).

`chain` verifies a path and tells when it holds, `signer_rules` says whose certificates may sign.
"""
