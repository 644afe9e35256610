"""SRTP from the text of RFC 3711 and RFC 7714, on the primitives of `cryptography`: slow, plain, and not libsrtp's.

It keeps no state: whoever calls says the index of a packet.
"""

import hmac

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from mediation.sdp.crypto import Suite

RTP, RTCP = 0, 3
"""The first label of key derivation: cipher key; then authentication key and salt (RFC 3711 section 4.3.2)."""
ENCRYPTED = 1 << 31


def keystream(key: bytes, block: bytes, octets: int) -> bytes:
    """AES in counter mode from this counter block on (RFC 3711 section 4.1.1)."""
    encryptor = Cipher(AES(key), CTR(block)).encryptor()
    return encryptor.update(bytes(octets)) + encryptor.finalize()


def derived(key: bytes, salt: bytes, label: int, octets: int) -> bytes:
    """A session key (RFC 3711 section 4.3.1); a salt of 12 octets is filled up on the right (RFC 7714 section 11)."""
    block = bytearray(salt.ljust(14, b"\0") + b"\0\0")
    block[7] ^= label
    return keystream(key, bytes(block), octets)


class Keys:
    """The session keys of one direction, for RTP or for RTCP."""

    def __init__(self, suite: Suite, master: bytes, first_label: int) -> None:
        salt_octets = 12 if suite.is_aead else 14
        key, salt = master[:-salt_octets], master[-salt_octets:]
        self.suite = suite
        self.key = derived(key, salt, first_label, len(key))
        self.authentication = derived(key, salt, first_label + 1, 20)
        self.salt = derived(key, salt, first_label + 2, salt_octets)


def protect(keys: Keys, packet: bytes, index: int) -> bytes:
    """An RTP packet of 12 octets of header; `index` is rollover counter and sequence number."""
    ssrc = packet[8:12]
    if keys.suite.is_aead:
        return aead_rtp(keys.key, keys.salt, packet, index)
    body = _xor(packet[12:], keystream(keys.key, counter_block(keys.salt, ssrc, index), len(packet) - 12))
    authenticated = packet[:12] + body
    tag = hmac.digest(keys.authentication, authenticated + (index >> 16).to_bytes(4), "sha1")
    return authenticated + tag[: keys.suite.tag_octets]


def protect_report(keys: Keys, datagram: bytes, index: int) -> bytes:
    """A compound RTCP packet, encrypted from octet 8 on (RFC 3711 section 3.4)."""
    if keys.suite.is_aead:
        return aead_rtcp(keys.key, keys.salt, datagram, index)
    block = counter_block(keys.salt, datagram[4:8], index)
    body = _xor(datagram[8:], keystream(keys.key, block, len(datagram) - 8))
    authenticated = datagram[:8] + body + (ENCRYPTED | index).to_bytes(4)
    return authenticated + hmac.digest(keys.authentication, authenticated, "sha1")[:10]


def counter_block(salt: bytes, ssrc: bytes, index: int) -> bytes:
    number = int.from_bytes(salt) << 16 ^ int.from_bytes(ssrc) << 64 ^ index << 16
    return number.to_bytes(16)


def aead_rtp(key: bytes, salt: bytes, packet: bytes, index: int) -> bytes:
    """RFC 7714 section 8.1."""
    nonce = _xor(b"\0\0" + packet[8:12] + index.to_bytes(6), salt)
    return packet[:12] + AESGCM(key).encrypt(nonce, packet[12:], packet[:12])


def aead_rtcp(key: bytes, salt: bytes, datagram: bytes, index: int) -> bytes:
    """RFC 7714 section 9.1 and 9.2."""
    nonce = _xor(b"\0\0" + datagram[4:8] + b"\0\0" + index.to_bytes(4), salt)
    word = (ENCRYPTED | index).to_bytes(4)
    return datagram[:8] + AESGCM(key).encrypt(nonce, datagram[8:], datagram[:8] + word) + word


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
