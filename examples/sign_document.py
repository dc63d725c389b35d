"""A detached signature over a document: the document travels as it is, the signature beside it (RFC 7515 appendix F, RFC 7797)."""

from jwseal import InvalidSignature, SigningKey, jws

document = b'{"invoice": 4711, "amount": "1000.00", "currency": "EUR"}'


def main():
    key = SigningKey.generate("PS256", kid="invoices-2026")
    signature = jws.sign(document, key, detached=True, b64=False)
    print(len(document), "bytes signed; the signature is", len(signature), "characters, header and all")

    verified = jws.verify(signature, key.verifying_key, payload=document)
    print("genuine, signed with", verified.key.kid)

    changed = document.replace(b"1000.00", b"9000.00")
    try:
        jws.verify(signature, key.verifying_key, payload=changed)
    except InvalidSignature as refusal:
        print("changed:", refusal.code)


if __name__ == "__main__":
    main()
