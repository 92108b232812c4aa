#!/usr/bin/env python3
"""An independent implementation of docs/seal-format.md, version 1 of waxseal's seal.

Written from that page alone and kept as a test that the page is enough. It needs nothing but
Python's standard library. It is slow, and only the comparison of tags runs in constant time: a
check and an example, not a library for production.

    unseal.py PURPOSE < token                 prints the plaintext, byte for byte
    unseal.py --session COOKIE_NAME < token   prints a session's JSON if its claims are well-formed
    unseal.py --vectors seal-v1.json          checks the test vectors

The secrets are in SESSION_SECRET and, separated by commas, SESSION_SECRET_FALLBACKS. One line break
at the end of the input is not part of the token. Exit status: 0, or 1 with the reason on stderr, or
2 for wrong usage. --session does not ask whether the session is dead.
"""

import argparse
import base64
import collections
import hashlib
import hmac
import json
import os
import re
import secrets
import struct
import sys

VERSION = b"\x01"
HEADER_BYTES, NONCE_BYTES, TAG_BYTES = 5, 24, 16
MALFORMED, UNKNOWN_KEY, FORGED = "malformed", "unknown key", "forged"
LAST_SECOND = 253402300799  # the end of the year 9999

Key = collections.namedtuple("Key", "id key")


class Refused(ValueError):
    """A token or its content is not accepted. The message is the reason, for the log only."""


# HKDF-SHA256, RFC 5869


def hkdf_sha256(key_material, info, length):
    pseudorandom_key = hmac.digest(bytes(32), key_material, hashlib.sha256)
    output = block = b""
    for counter in range(1, -(-length // 32) + 1):
        block = hmac.digest(pseudorandom_key, block + info + bytes([counter]), hashlib.sha256)
        output += block
    return output[:length]


# ChaCha20, Poly1305 and their AEAD, RFC 8439; HChaCha20, draft-irtf-cfrg-xchacha-03


def _quarter_round(s, a, b, c, d):
    for x, y, z, bits in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        s[x] = (s[x] + s[y]) & 0xFFFFFFFF
        mixed = s[z] ^ s[x]
        s[z] = (mixed << bits | mixed >> (32 - bits)) & 0xFFFFFFFF


def _state_and_rounds(key, last_row):
    """The sixteen words of the state, before and after the twenty rounds."""
    start = struct.unpack("<16I", b"expand 32-byte k" + key + last_row)
    state = list(start)
    for _ in range(10):
        for shift in (0, 1):  # the columns, then the diagonals
            for i in range(4):
                b, c, d = (4 * row + (i + row * shift) % 4 for row in (1, 2, 3))
                _quarter_round(state, i, b, c, d)
    return start, state


def hchacha20(key, nonce16):
    _, state = _state_and_rounds(key, nonce16)
    return struct.pack("<8I", *state[:4], *state[12:])


def chacha20_block(key, counter, nonce12):
    start, state = _state_and_rounds(key, struct.pack("<I", counter) + nonce12)
    return struct.pack("<16I", *((x + y) & 0xFFFFFFFF for x, y in zip(start, state)))


def chacha20(key, nonce12, data):
    blocks = range(1, 1 + -(-len(data) // 64))  # block 0 is Poly1305's key
    stream = b"".join(chacha20_block(key, counter, nonce12) for counter in blocks)
    return bytes(x ^ y for x, y in zip(data, stream))


def poly1305(one_time_key, message):
    r = int.from_bytes(one_time_key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    s = int.from_bytes(one_time_key[16:], "little")
    total = 0
    for start in range(0, len(message), 16):
        block = int.from_bytes(message[start : start + 16] + b"\x01", "little")
        total = (total + block) * r % (2**130 - 5)
    return ((total + s) % 2**128).to_bytes(16, "little")


def aead_tag(key, nonce12, aad, ciphertext):
    message = b"".join(part + bytes(-len(part) % 16) for part in (aad, ciphertext))
    message += struct.pack("<QQ", len(aad), len(ciphertext))
    return poly1305(chacha20_block(key, 0, nonce12)[:32], message)


def xchacha20_poly1305_encrypt(key, nonce, aad, plaintext):
    subkey, nonce12 = hchacha20(key, nonce[:16]), bytes(4) + nonce[16:]
    ciphertext = chacha20(subkey, nonce12, plaintext)
    return ciphertext + aead_tag(subkey, nonce12, aad, ciphertext)


def xchacha20_poly1305_decrypt(key, nonce, aad, ciphertext, tag):
    subkey, nonce12 = hchacha20(key, nonce[:16]), bytes(4) + nonce[16:]
    if not hmac.compare_digest(tag, aead_tag(subkey, nonce12, aad, ciphertext)):
        raise Refused(FORGED)
    return chacha20(subkey, nonce12, ciphertext)


# The seal


def base64url_encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def base64url_decode(text):
    """Strict: each value has exactly one spelling."""
    if not re.fullmatch("[A-Za-z0-9_-]*", text) or len(text) % 4 == 1:
        raise Refused(MALFORMED)
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64url_encode(data) != text:  # spare bits that are not zero
        raise Refused(MALFORMED)
    return data


def derive_key(secret):
    key_material = secret.strip(" \t\n\f\r").encode()
    if len(key_material) < 32:
        raise ValueError("a secret needs at least 32 bytes")
    key_id = hkdf_sha256(key_material, b"waxseal/v1/key-id", 4)
    return Key(key_id, hkdf_sha256(key_material, b"waxseal/v1/key", 32))


def key_ring(all_secrets):
    """The accepted keys by their ids."""
    ring = {}
    for key in map(derive_key, all_secrets):
        if ring.setdefault(key.id, key) != key:
            raise ValueError("two different secrets have the same key id")
    return ring


def seal(key, purpose, plaintext, nonce=None):
    """The token. Only tests give a nonce."""
    nonce = secrets.token_bytes(NONCE_BYTES) if nonce is None else nonce
    header = VERSION + key.id
    aad = header + purpose.encode()
    sealed = xchacha20_poly1305_encrypt(key.key, nonce, aad, plaintext)
    return base64url_encode(header + nonce + sealed)


def unseal(ring, purpose, token):
    """The plaintext, or Refused is raised."""
    data = base64url_decode(token)
    if len(data) < HEADER_BYTES + NONCE_BYTES + TAG_BYTES or data[:1] != VERSION:
        raise Refused(MALFORMED)
    header, rest = data[:HEADER_BYTES], data[HEADER_BYTES:]
    nonce, ciphertext, tag = rest[:NONCE_BYTES], rest[NONCE_BYTES:-TAG_BYTES], rest[-TAG_BYTES:]
    key = ring.get(header[1:])
    if key is None:
        raise Refused(UNKNOWN_KEY)
    aad = header + purpose.encode()
    return xchacha20_poly1305_decrypt(key.key, nonce, aad, ciphertext, tag)


# A session's token


class _JsonObject(dict):
    """An object that remembers its names as they stood, repeated ones too."""

    def __init__(self, pairs):
        super().__init__(pairs)
        self.names = [name for name, _ in pairs]


def _json_integer(text):
    # "-0" is not digits only. int() refuses very long numbers, but other claims may have them.
    return float(text) if text == "-0" or len(text) > 1000 else int(text)


def _no_json_constant(text):
    raise ValueError(f"{text} is not JSON")  # NaN and Infinity, which Python accepts by itself


def _is_session_id(value):
    try:
        return isinstance(value, str) and len(base64url_decode(value)) == 16
    except Refused:
        return False


def _is_time(value):
    return type(value) is int and 0 <= value <= LAST_SECOND  # a bool is no time


def _is_object(value):
    return isinstance(value, dict)


TIMES = dict.fromkeys(("auth_time", "iat", "exp"), _is_time)
CLAIMS = {"sid": _is_session_id, **TIMES, "state": _is_object}


def read_session(plaintext):
    """The known claims of a session as a dict, or Refused is raised."""
    hooks = {"parse_int": _json_integer, "parse_constant": _no_json_constant}
    try:
        session = json.loads(plaintext.decode(), object_pairs_hook=_JsonObject, **hooks)
    except (ValueError, RecursionError) as error:
        raise Refused(f"no session: {error}") from None
    if not _is_object(session):
        raise Refused("no session: not an object")
    for name, is_valid in CLAIMS.items():
        count = session.names.count(name)
        if name == "state" and count == 0:
            continue
        if count != 1 or not is_valid(session[name]):
            raise Refused(f"no session: {name} is missing, repeated or not as it should be")
    return {name: session[name] for name in CLAIMS if name in session}


# The test vectors


def token_passes(vector):
    key = derive_key(vector["secret"])
    plaintext, nonce = vector["plaintext"].encode(), bytes.fromhex(vector["nonce"])
    return (
        (key.id.hex(), key.key.hex()) == (vector["key_id"], vector["key"])
        and seal(key, vector["purpose"], plaintext, nonce) == vector["token"]
        and unseal({key.id: key}, vector["purpose"], vector["token"]) == plaintext
    )


def refusal_passes(vector):
    ring = key_ring([vector["secret"], *vector.get("fallbacks", [])])
    try:
        unseal(ring, vector["purpose"], vector["token"])
    except Refused as refused:
        return str(refused) == vector["reason"]
    return False


def check_vectors(path):
    """Whether all vectors pass. The names of those that don't go to stderr."""
    with open(path, encoding="utf-8") as file:
        vectors = json.load(file)
    results = []
    for kind, passes in (("tokens", token_passes), ("refused", refusal_passes)):
        for vector in vectors[kind]:
            try:
                results.append(passes(vector))
            except ValueError:  # Refused is one
                results.append(False)
            if not results[-1]:
                print(f"failed: {kind}: {vector['name']}", file=sys.stderr)
    print(f"{results.count(True)} passed, {results.count(False)} failed")
    return bool(results) and all(results)


# The command line


def run(arguments):
    """The exit status."""
    if arguments.vectors is not None:
        return 0 if check_vectors(arguments.vectors) else 1
    fallbacks = os.environ.get("SESSION_SECRET_FALLBACKS", "").split(",")
    ring = key_ring([os.environ.get("SESSION_SECRET", ""), *filter(str.strip, fallbacks)])
    # What is not UTF-8 becomes a character that no token may have.
    token = re.sub(r"\r?\n\Z", "", sys.stdin.buffer.read().decode(errors="replace"))
    if arguments.session is not None:
        plaintext = unseal(ring, "session:" + arguments.session, token)
        read_session(plaintext)
        plaintext += b"\n"
    else:
        plaintext = unseal(ring, arguments.purpose, token)
    sys.stdout.buffer.write(plaintext)
    return 0


def main():
    parser = argparse.ArgumentParser(description="Unseal a waxseal token, read from stdin.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("purpose", metavar="PURPOSE", nargs="?", help="behind -- if it starts with -")
    what.add_argument("--session", metavar="COOKIE_NAME", help="the cookie's full name")
    what.add_argument("--vectors", metavar="FILE", help="check the test vectors in this file")
    try:
        return run(parser.parse_args())
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
