#!/usr/bin/env python3
"""Writes the inputs of the folders beside this file. Their outcomes are written by hand, in each
folder's expected.txt. Needs python3-cryptography. Inputs that a fuzzer found keep the name
found-... and are left alone."""
import hashlib
import hmac
import struct
from pathlib import Path

from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, x25519
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

HERE = Path(__file__).parent


class Folder:
    def __init__(self, name):
        self.path = HERE / name
        self.path.mkdir(exist_ok=True)
        for old in self.path.iterdir():
            if old.name != "expected.txt" and not old.name.startswith("found-"):
                old.unlink()

    def put(self, name, content):
        if isinstance(content, str):
            content = bytes.fromhex(content.replace(" ", ""))
        (self.path / name).write_bytes(content)


def uv(n):
    out = b""
    while n > 0x7F:
        out += bytes([n & 0x7F | 0x80])
        n >>= 7
    return out + bytes([n])


def lp(b):
    return uv(len(b)) + b


def field(number, value):
    if isinstance(value, int):
        return uv(number << 3) + uv(value)
    if isinstance(value, str):
        value = value.encode()
    return uv(number << 3 | 2) + lp(value)


def ed_seed(fill):
    return ed25519.Ed25519PrivateKey.from_private_bytes(bytes([fill]) * 32)


def ed_public(key):
    raw = key.public_key().public_bytes(ser.Encoding.Raw, ser.PublicFormat.Raw)
    return bytes.fromhex("08011220") + raw


def peer_id(public):
    return b"\x00" + lp(public) if len(public) <= 42 else b"\x12\x20" + hashlib.sha256(public).digest()


# --- DER ---------------------------------------------------------------------------------------
def der(tag, *parts):
    content = b"".join(parts)
    n = len(content)
    if n < 0x80:
        head = bytes([n])
    else:
        size = (n.bit_length() + 7) // 8
        head = bytes([0x80 | size]) + n.to_bytes(size, "big")
    return bytes([tag]) + head + content


def der_int(n):
    size = n.bit_length() // 8 + 1
    return der(2, n.to_bytes(size, "big"))


RSA_ALGORITHM = bytes.fromhex("300d06092a864886f70d0101010500")


def rsa_key(bits, exponent=65537):
    modulus = (1 << (bits - 1)) | 1
    spki = der(0x30, RSA_ALGORITHM, der(3, b"\0", der(0x30, der_int(modulus), der_int(exponent))))
    return field_key(0, spki)


def field_key(kind, data):
    return bytes([8, kind]) + field(2, data)


# --- varint ------------------------------------------------------------------------------------
def varints():
    f = Folder("varint")
    f.put("good-0.bin", "00")
    f.put("good-300.bin", "ac02")
    f.put("good-2-to-63-minus-1.bin", "ff" * 8 + "7f")
    f.put("good-then-more.bin", "01ffff")
    f.put("empty.bin", "")
    f.put("cut-off.bin", "80")
    f.put("not-shortest.bin", "8100")
    f.put("zero-in-two-bytes.bin", "8000")
    f.put("ten-bytes.bin", "80" * 9 + "01")
    f.put("ten-times-80.bin", "80" * 10)
    f.put("2-to-63.bin", "80" * 9 + "01")
    f.put("2-to-64-minus-1.bin", "ff" * 9 + "01")


# --- multiaddr ---------------------------------------------------------------------------------
def multiaddrs():
    f = Folder("multiaddr-bytes")
    me = peer_id(ed_public(ed_seed(0)))
    p2p = uv(421) + lp(me)
    f.put("good-tcp.bin", "047f000001060fa1")
    f.put("good-quic-with-peer.bin", bytes.fromhex("047f0000019102" "0fa1" "cd03") + p2p)
    f.put("good-dns-wss.bin", bytes.fromhex("36") + lp(b"example.com") + bytes.fromhex("0601bb" "de03"))
    f.put("good-circuit.bin", bytes.fromhex("047f000001060fa1") + p2p + uv(290) + p2p)
    f.put("empty.bin", "")
    f.put("unknown-protocol.bin", "7f00")
    f.put("ip4-cut-off.bin", "047f0000")
    f.put("ip6-cut-off.bin", "29" + "00" * 15)
    f.put("tcp-cut-off.bin", "047f00000106 0f")
    f.put("tcp-without-value.bin", "047f00000106")
    f.put("code-not-shortest.bin", "8400 7f000001")
    f.put("code-of-ten-bytes.bin", "80" * 10)
    f.put("code-cut-off.bin", "047f000001ff")
    f.put("dns-length-past-end.bin", "35 7f 6161")
    f.put("dns-length-2-to-63-minus-1.bin", "35" + "ff" * 8 + "7f")
    f.put("dns-empty.bin", "3500")
    f.put("dns-label-of-300.bin", b"\x35" + lp(b"a" * 300))
    f.put("dns-not-utf-8.bin", "3502ff61")
    f.put("dns-with-slash.bin", b"\x35" + lp(b"a/b"))
    f.put("dns-with-newline.bin", b"\x35" + lp(b"a\nb"))
    f.put("peer-empty.bin", uv(421) + b"\0")
    f.put("peer-cut-off.bin", uv(421) + lp(me)[:20])
    f.put("peer-of-unknown-hash.bin", uv(421) + lp(b"\x99\x01\x20" + b"x" * 32))
    f.put("peer-digest-of-31.bin", uv(421) + lp(b"\x12\x1f" + b"x" * 31))
    f.put("circuit-50-times.bin", bytes.fromhex("047f000001060fa1") + uv(290) * 50)
    f.put("thirty-two-parts.bin", uv(290) * 32)
    f.put("thirty-three-parts.bin", uv(290) * 33)
    f.put("1024-bytes.bin", uv(400) + lp(b"a" * 1020))
    f.put("1025-bytes.bin", uv(400) + lp(b"a" * 1021))
    f.put("zone-not-utf-8.bin", "2a01ff")
    f.put("certhash-cut-off.bin", uv(466) + b"\x05\x12\x20")
    f.put("onion3-cut-off.bin", uv(445) + b"x" * 10)
    f.put("ipcidr-300.bin", "047f000001 2b ff")

    t = Folder("multiaddr-text")
    for name, text in {
        "good-tcp": "/ip4/127.0.0.1/tcp/4001",
        "good-ip6-zone": "/ip6zone/eth0/ip6/fe80::1/udp/1/quic-v1",
        "good-ipfs-alias": "/ip4/1.2.3.4/tcp/1/ipfs/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN",
        "empty": "", "slash": "/", "no-slash": "ip4/1.2.3.4", "double-slash": "//ip4/1.2.3.4",
        "trailing-slash": "/ip4/1.2.3.4/", "unknown": "/nothing/1", "value-missing": "/ip4",
        "ip4-256": "/ip4/1.2.3.256", "ip4-three-parts": "/ip4/1.2.3", "ip4-leading-zero": "/ip4/01.2.3.4",
        "ip4-hex": "/ip4/0x7f.0.0.1", "ip4-name": "/ip4/localhost", "ip6-two-gaps": "/ip6/1::2::3",
        "ip6-nine-groups": "/ip6/1:2:3:4:5:6:7:8:9", "ip6-long-group": "/ip6/12345::",
        "ip6-with-zone": "/ip6/fe80::1%eth0", "port-65536": "/ip4/1.2.3.4/tcp/65536",
        "port-minus-1": "/ip4/1.2.3.4/tcp/-1", "port-plus-1": "/ip4/1.2.3.4/tcp/+1",
        "port-2-to-64": "/ip4/1.2.3.4/tcp/18446744073709551616", "port-empty": "/ip4/1.2.3.4/tcp/",
        "port-arabic-digits": "/ip4/1.2.3.4/tcp/\u0661", "dns-label-of-300": "/dns/" + "a" * 300,
        "peer-garbage": "/p2p/not-a-peer", "peer-base58-zero": "/p2p/0OIl",
        "peer-of-10000-characters": "/p2p/" + "1" * 10000, "cidr-129": "/ip6/::/ipcidr/129",
        "thirty-three-parts": "/p2p-circuit" * 33, "text-of-5000": "/dns/" + "a" * 5000,
        "http-path-bad-percent": "/http/http-path/%zz", "nul": "/dns/a\0b", "newline": "/dns/a\nb",
        "unix-empty": "/unix/", "certhash-no-multibase": "/ip4/1.2.3.4/udp/1/quic-v1/webtransport/certhash/x",
        "onion3-short": "/onion3/abc:1",
    }.items():
        t.put(name + ".txt", text.encode())
    t.put("not-utf-8.txt", b"/dns/\xff\xfe")


# --- multistream -------------------------------------------------------------------------------
def message(text):
    return lp((text if isinstance(text, bytes) else text.encode()) + b"\n")


HEADER = message("/multistream/1.0.0")


def multistream():
    f = Folder("multistream-listener")
    f.put("good-noise-and-more.bin", HEADER + message("/noise") + b"\0\x20rest")
    f.put("good-second-proposal.bin", HEADER + message("/tls/1.0.0") + message("/noise") + b"glued")
    f.put("good-32-unknown-names.bin", HEADER + b"".join(message(f"/x/{i}") for i in range(32)) + message("/noise"))
    f.put("empty.bin", b"")
    f.put("one-byte.bin", b"\x13")
    f.put("length-0.bin", HEADER + b"\0")
    f.put("empty-frame.bin", HEADER + b"\x01\n")
    f.put("length-1024.bin", HEADER + message("/" + "a" * 1022))
    f.put("length-1025.bin", HEADER + message("/" + "a" * 1023))
    f.put("length-of-ten-80.bin", b"\x80" * 10)
    f.put("length-2-to-63.bin", HEADER + b"\xff" * 8 + b"\x7f")
    f.put("length-not-shortest.bin", bytes.fromhex("8100") + b"\n")
    f.put("length-of-three-bytes.bin", HEADER + bytes.fromhex("808001"))
    f.put("no-line-feed.bin", HEADER + b"\x06/noise")
    f.put("nul.bin", HEADER + message("/no\0ise"))
    f.put("carriage-return.bin", HEADER + message("/noise\r"))
    f.put("not-utf-8.bin", HEADER + message(b"/\xff\xfe"))
    f.put("unicode-line-separator.bin", HEADER + message("/noise\u0085"))
    f.put("thirty-three-unknown-names.bin", HEADER + b"".join(message(f"/x/{i}") for i in range(33)))
    f.put("header-twice.bin", HEADER * 2 + message("/noise"))
    f.put("header-1000-times.bin", HEADER * 1000)
    f.put("no-header.bin", message("/noise"))
    f.put("older-header.bin", message("/multistream/0.9.0"))
    f.put("list.bin", HEADER + message("ls"))
    f.put("na.bin", HEADER + message("na"))
    f.put("http.bin", b"GET / HTTP/1.1\r\n\r\n")
    f.put("tls-hello.bin", bytes.fromhex("16030100c8010000c4"))
    d = Folder("multistream-dialler")
    d.put("good-echo-and-more.bin", HEADER + message("/noise") + b"rest")
    d.put("good-na-then-second.bin", HEADER + message("na") + message("/b/1"))
    d.put("na-twice.bin", HEADER + message("na") * 2)
    d.put("na-as-first-reply.bin", message("na"))
    d.put("ls-to-a-client.bin", HEADER + message("ls"))
    d.put("another-protocol.bin", HEADER + message("/tls/1.0.0"))
    d.put("second-protocol-at-once.bin", HEADER + message("/b/1"))
    d.put("header-twice.bin", HEADER * 2)
    d.put("length-0.bin", HEADER + b"\0")
    d.put("length-1025.bin", HEADER + message("/" + "a" * 1023))
    d.put("no-line-feed.bin", HEADER + b"\x06/noise")
    d.put("not-utf-8.bin", HEADER + message(b"/\xff\xfe"))
    d.put("one-byte.bin", b"\x13")


# --- noise -------------------------------------------------------------------------------------
def x_key(fill):
    return x25519.X25519PrivateKey.from_private_bytes(bytes([fill]) * 32)


def x_pub(key):
    return key.public_key().public_bytes(ser.Encoding.Raw, ser.PublicFormat.Raw)


class Symmetric:
    def __init__(self):
        self.ck = self.h = b"Noise_XX_25519_ChaChaPoly_SHA256"
        self.key = None
        self.mix_hash(b"")

    def mix_hash(self, data):
        self.h = hashlib.sha256(self.h + data).digest()

    def hkdf(self, material):
        t = hmac.digest(self.ck, material, "sha256")
        one = hmac.digest(t, b"\1", "sha256")
        return one, hmac.digest(t, one + b"\2", "sha256")

    def mix_key(self, material):
        self.ck, self.key = self.hkdf(material)
        self.n = 0

    def seal(self, plain):
        if self.key is None:
            self.mix_hash(plain)
            return plain
        sealed = ChaCha20Poly1305(self.key).encrypt(nonce(self.n), plain, self.h)
        self.n += 1
        self.mix_hash(sealed)
        return sealed

    def open(self, sealed):
        plain = ChaCha20Poly1305(self.key).decrypt(nonce(self.n), sealed, self.h)
        self.n += 1
        self.mix_hash(sealed)
        return plain


def nonce(n):
    return b"\0" * 4 + struct.pack("<Q", n)


def frame(b):
    return struct.pack(">H", len(b)) + b


STATIC_PREFIX = b"noise-libp2p-static-key:"
NOISE_STATIC, NOISE_EPHEMERAL = x_key(1), x_key(2)


def noise_payload(identity, static, muxers=("/yamux/1.0.0",), signature=None, key=None, extra=b""):
    public = ed_public(identity) if key is None else key
    sig = identity.sign(STATIC_PREFIX + static) if signature is None else signature
    return field(1, public) + field(2, sig) + field(4, b"".join(field(2, m) for m in muxers)) + extra


OUR_PAYLOAD = noise_payload(ed_seed(3), x_pub(NOISE_STATIC))


def noise_dials(make_payload, tamper=lambda m3: m3, after=(), static=None):
    """What an initiator sends to the listener under test, whose keys are known."""
    s, e = static or x_key(5), x_key(6)
    state = Symmetric()
    state.mix_hash(x_pub(e))
    state.seal(b"")
    # message 2, as the listener makes it
    state.mix_hash(x_pub(NOISE_EPHEMERAL))
    state.mix_key(e.exchange(NOISE_EPHEMERAL.public_key()))
    state.seal(x_pub(NOISE_STATIC))
    state.mix_key(e.exchange(NOISE_STATIC.public_key()))
    state.seal(OUR_PAYLOAD)
    # message 3
    m3 = state.seal(x_pub(s))
    state.mix_key(s.exchange(NOISE_EPHEMERAL.public_key()))
    m3 += state.seal(make_payload(x_pub(s)))
    send, _ = state.hkdf(b"")
    tail = b""
    for n, plain in enumerate(after):
        tail += frame(ChaCha20Poly1305(send).encrypt(nonce(n), plain, b""))
    return frame(x_pub(e)), frame(tamper(m3)), tail


def noise_answers(make_payload, tamper=lambda m2: m2, after=(), ephemeral=None):
    """What a responder sends to the dialler under test, whose keys are known."""
    s, e = x_key(5), ephemeral or x_key(6)
    state = Symmetric()
    state.mix_hash(x_pub(NOISE_EPHEMERAL))
    state.seal(b"")
    state.mix_hash(x_pub(e))
    state.mix_key(e.exchange(NOISE_EPHEMERAL.public_key()))
    m2 = x_pub(e) + state.seal(x_pub(s))
    state.mix_key(s.exchange(NOISE_EPHEMERAL.public_key()))
    m2 += state.seal(make_payload(x_pub(s)))
    # message 3, as the dialler makes it
    state.seal(x_pub(NOISE_STATIC))
    state.mix_key(NOISE_STATIC.exchange(e.public_key()))
    state.seal(OUR_PAYLOAD)
    _, send = state.hkdf(b"")
    tail = b"".join(frame(ChaCha20Poly1305(send).encrypt(nonce(n), p, b"")) for n, p in enumerate(after))
    return frame(tamper(m2)), tail


def flip(at):
    return lambda m: m[:at] + bytes([m[at] ^ 1]) + m[at + 1:]


LOW_ORDER = "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"


def payload_cases(static):
    me, other = ed_seed(4), ed_seed(9)
    return {
        "no-signature": field(1, ed_public(me)),
        "empty": b"",
        "foreign-signature": noise_payload(me, static, signature=other.sign(STATIC_PREFIX + static)),
        "signature-of-another-key": noise_payload(me, static, signature=me.sign(STATIC_PREFIX + bytes(32)[:31] + b"x")),
        "signature-without-prefix": noise_payload(me, static, signature=me.sign(static)),
        "key-type-99": noise_payload(me, static, key=bytes([8, 99]) + ed_public(me)[2:]),
        "key-of-31-bytes": noise_payload(me, static, key=field_key(1, bytes(31))),
        "rsa-512": noise_payload(me, static, key=rsa_key(512)),
        "rsa-2047": noise_payload(me, static, key=rsa_key(2047)),
        "rsa-16384": noise_payload(me, static, key=rsa_key(16384)),
        "rsa-der-length-past-end": noise_payload(me, static, key=field_key(0, bytes.fromhex("3082ffff0609"))),
        "rsa-der-length-of-4-bytes": noise_payload(me, static, key=field_key(0, bytes.fromhex("30840000000106"))),
        "rsa-der-length-ff": noise_payload(me, static, key=field_key(0, bytes.fromhex("30ff" + "ff" * 127))),
        "truncated": noise_payload(me, static)[:-5],
        "muxers-1000": noise_payload(me, static, muxers=["x"] * 1000),
        "not-protobuf": b"\xff" * 20,
    }


def noise():
    me = ed_seed(4)
    good = lambda static: noise_payload(me, static)
    f = Folder("noise-listener")
    m1, m3, tail = noise_dials(good, after=[b"hello", b"", b"world"])
    f.put("good.bin", m1 + m3 + tail)
    f.put("good-1000-unknown-fields.bin",
          b"".join(noise_dials(lambda s: noise_payload(me, s, extra=b"\x78\x00" * 1000), after=[b"hello"])))
    f.put("unknown-fields-10000.bin",
          b"".join(noise_dials(lambda s: noise_payload(me, s, extra=b"\x78\x00" * 10000))))
    f.put("empty.bin", b"")
    f.put("half-a-length.bin", b"\0")
    f.put("first-length-0.bin", b"\0\0")
    f.put("first-length-31.bin", frame(bytes(31)))
    f.put("first-length-33.bin", frame(b"\x09" + bytes(32)))
    f.put("first-length-65535.bin", b"\xff\xff" + bytes(50))
    f.put("first-zero-key.bin", frame(bytes(32)))
    f.put("first-key-of-low-order.bin", frame(bytes.fromhex(LOW_ORDER)))
    f.put("third-length-0.bin", m1 + b"\0\0")
    f.put("third-too-short.bin", m1 + frame(bytes(47)))
    f.put("third-length-4193-past-limit.bin", m1 + struct.pack(">H", 4200))
    for name, at in {"static-key": 3, "static-tag": 40, "payload": 60, "payload-tag": -2}.items():
        def bend(m, at=at):
            i = at % len(m)
            return m[:i] + bytes([m[i] ^ 1]) + m[i + 1:]
        f.put(f"bit-flipped-in-{name}.bin", b"".join(noise_dials(good, tamper=bend)))
    f.put("bit-flipped-in-first.bin", frame(bytes([m1[2] ^ 1]) + m1[3:]) + m3)
    f.put("second-replayed-as-third.bin", m1 + noise_answers(good)[0])
    f.put("first-replayed-as-third.bin", m1 + m1)
    f.put("third-replayed-as-transport.bin", m1 + m3 + m3)
    for name in payload_cases(bytes(32)):
        def make(static, name=name):
            return payload_cases(static)[name]
        f.put(f"payload-{name}.bin", b"".join(noise_dials(make, after=[b"hello"])))
    f.put("transport-length-0.bin", m1 + m3 + b"\0\0")
    f.put("transport-of-15-bytes.bin", m1 + m3 + frame(bytes(15)))
    f.put("transport-bit-flipped.bin", m1 + m3 + tail[:-3] + b"\0\0\0")
    f.put("transport-replayed.bin", m1 + m3 + tail[:23] * 2)
    d = Folder("noise-dialler")
    m2, tail = noise_answers(good, after=[b"hello", b"world"])
    d.put("good.bin", m2 + tail)
    d.put("length-0.bin", b"\0\0")
    d.put("too-short.bin", frame(m2[2:81]))
    d.put("past-limit.bin", struct.pack(">H", 4193))
    d.put("key-of-zeros.bin", frame(bytes(32) + m2[34:]))
    d.put("key-of-low-order.bin", frame(bytes.fromhex(LOW_ORDER) + m2[34:]))
    for name, at in {"key": 0, "static-key": 33, "static-tag": 70, "payload": 90, "payload-tag": -2}.items():
        def bend2(m, at=at):
            i = at % len(m)
            return m[:i] + bytes([m[i] ^ 1]) + m[i + 1:]
        d.put(f"bit-flipped-in-{name}.bin", noise_answers(good, tamper=bend2)[0])
    for name in ("no-signature", "foreign-signature", "rsa-512", "muxers-1000", "key-type-99"):
        def make2(static, name=name):
            return payload_cases(static)[name]
        d.put(f"payload-{name}.bin", b"".join(noise_answers(make2, after=[b"hello"])))
    p = Folder("noise-payload")
    p.put("good.bin", noise_payload(me, bytes(32)))
    p.put("good-without-muxers.bin", noise_payload(me, bytes(32), muxers=()))
    p.put("good-32-muxers.bin", noise_payload(me, bytes(32), muxers=["/x"] * 32))
    p.put("good-old-data-field.bin", noise_payload(me, bytes(32), extra=field(3, b"early")))
    p.put("33-muxers.bin", noise_payload(me, bytes(32), muxers=["/x"] * 33))
    for name, bytes_ in payload_cases(bytes(32)).items():
        p.put(name + ".bin", bytes_)
    t = Folder("noise-frames")
    cipher = ChaCha20Poly1305(bytes(32))
    sealed = [cipher.encrypt(nonce(n), b"message %d" % n, b"") for n in range(3)]
    t.put("good.bin", b"".join(frame(s) for s in sealed))
    t.put("good-empty-message.bin", frame(cipher.encrypt(nonce(0), b"", b"")) + frame(sealed[1]))
    t.put("good-longest.bin", frame(cipher.encrypt(nonce(0), bytes(65519), b"")))
    t.put("cut-off.bin", frame(sealed[0])[:-1])
    t.put("length-0.bin", frame(sealed[0]) + b"\0\0")
    t.put("length-15.bin", frame(bytes(15)))
    t.put("forged.bin", frame(bytes(40)))
    t.put("bit-flipped-in-second.bin", frame(sealed[0]) + frame(flip(2)(sealed[1])))
    t.put("replayed.bin", frame(sealed[0]) * 2)
    t.put("out-of-order.bin", frame(sealed[1]) + frame(sealed[0]))
    t.put("skipped.bin", frame(sealed[0]) + frame(sealed[2]))


# --- TLS certificates --------------------------------------------------------------------------
CERT_KEY = ec.derive_private_key(7, ec.SECP256R1())


def ecdsa_sign(data):
    from cryptography.hazmat.primitives import hashes
    return CERT_KEY.sign(data, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))


EXTENSION_OID = bytes.fromhex("060a2b0601040183a25a0101")
ECDSA_SHA256 = der(0x30, bytes.fromhex("06082a8648ce3d040302"))


def certificate(public=None, vouched=None, extensions=None, before=b"20200101000000Z", after=b"30200101000000Z",
                tag=0x18, algorithm=ECDSA_SHA256, version=b"\x02\x01\x02", sign=ecdsa_sign, spki=None):
    identity = ed_seed(0)
    spki = spki or CERT_KEY.public_key().public_bytes(ser.Encoding.DER, ser.PublicFormat.SubjectPublicKeyInfo)
    public = public if public is not None else ed_public(identity)
    vouched = vouched if vouched is not None else identity.sign(b"libp2p-tls-handshake:" + spki)
    if extensions is None:
        extensions = [extension(EXTENSION_OID, der(0x30, der(4, public), der(4, vouched)))]
    name = der(0x30)
    content = der(0x30, der(0xA0, version), der_int(1), algorithm, name,
                  der(0x30, der(tag, before), der(tag, after)), name, spki,
                  der(0xA3, der(0x30, *extensions)))
    return der(0x30, content, algorithm, der(3, b"\0", sign(content)))


def extension(oid, value, critical=None):
    return der(0x30, oid, *([] if critical is None else [der(1, critical)]), der(4, value))


def certificates():
    f = Folder("certificate")
    good = certificate()
    f.put("good.der", good)
    f.put("empty.der", b"")
    f.put("one-byte.der", b"\x30")
    f.put("cut-off.der", good[:-1])
    f.put("one-byte-more.der", good + b"\0")
    f.put("length-past-end.der", bytes.fromhex("3082ffff") + good[4:])
    f.put("length-of-4-bytes.der", bytes.fromhex("3084000000ff") + good[4:])
    f.put("length-ff.der", bytes.fromhex("30ff") + b"\xff" * 127)
    f.put("length-80-indefinite.der", bytes.fromhex("3080") + good[4:] + b"\0\0")
    f.put("length-not-minimal.der", bytes.fromhex("30830001") + good[3:])
    f.put("8193-bytes.der", bytes.fromhex("30821ffd") + bytes(8189))
    f.put("depth-4000.der", nested(4000))
    f.put("version-1.der", certificate(version=b"\x02\x01\x00"))
    f.put("another-critical-extension.der", certificate(extensions=[
        extension(EXTENSION_OID, der(0x30, der(4, ed_public(ed_seed(0))), der(4, bytes(64)))),
        extension(bytes.fromhex("0603551d13"), b"", b"\xff")]))
    f.put("no-extension.der", certificate(extensions=[]))
    f.put("extension-twice.der", certificate(extensions=[
        extension(EXTENSION_OID, der(0x30, der(4, ed_public(ed_seed(0))), der(4, bytes(64))))] * 2))
    f.put("extension-empty.der", certificate(extensions=[extension(EXTENSION_OID, b"")]))
    f.put("vouched-by-nobody.der", certificate(vouched=b""))
    f.put("vouched-by-another.der", certificate(vouched=ed_seed(1).sign(b"x")))
    f.put("signed-by-another.der", certificate(sign=lambda _: ecdsa_sign(b"something else")))
    f.put("signature-empty.der", certificate(sign=lambda _: b""))
    f.put("signature-r-0-s-0.der", certificate(sign=lambda _: bytes.fromhex("3006020100020100")))
    f.put("expired.der", certificate(after=b"20210101000000Z"))
    f.put("not-yet-valid.der", certificate(before=b"30000101000000Z"))
    f.put("time-of-letters.der", certificate(before=b"yyyymmddhhmmssZ"))
    f.put("time-month-13.der", certificate(before=b"20201301000000Z"))
    f.put("time-empty.der", certificate(before=b""))
    f.put("utc-time-too-long.der", certificate(tag=0x17))
    f.put("md5-with-rsa.der", certificate(algorithm=der(0x30, bytes.fromhex("06092a864886f70d0101040500"))))
    f.put("identity-rsa-512.der", certificate(public=rsa_key(512)))
    f.put("identity-rsa-16384.der", certificate(public=rsa_key(16384)))
    f.put("identity-type-99.der", certificate(public=bytes([8, 99]) + ed_public(ed_seed(0))[2:]))
    f.put("key-off-the-curve.der", certificate(spki=off_curve()))
    f.put("key-at-infinity.der", certificate(spki=infinity()))


def nested(depth):
    inner = b""
    for _ in range(depth):
        inner = der(0x30, inner)
        if len(inner) > 8180:
            break
    return inner


SPKI_HEAD = bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107")


def off_curve():
    return der(0x30, SPKI_HEAD, der(3, b"\0\x04" + b"\x01" * 64))


def infinity():
    return der(0x30, SPKI_HEAD, der(3, b"\0\0"))


# --- yamux -------------------------------------------------------------------------------------
SYN, ACK, FIN, RST = 1, 2, 4, 8


def yframe(kind, flags, stream, length, payload=b"", version=0):
    return struct.pack(">BBHII", version, kind, flags, stream, length) + payload


def ydata(flags, stream, payload):
    return yframe(0, flags, stream, len(payload), payload)


def yamux():
    f = Folder("yamux")
    other = ydata(SYN, 1, b"other")       # a stream that must not notice
    more = ydata(0, 1, b" stream")        # what it gets afterwards
    f.put("good.bin", other + ydata(SYN | FIN, 3, b"whole") + ydata(ACK, 2, b"reply") + more + ydata(FIN, 1, b""))
    f.put("good-window-updates.bin", other + yframe(1, SYN, 3, 1000) + yframe(1, ACK | FIN, 2, 5) + more)
    f.put("good-pings.bin", other + yframe(2, SYN, 0, 7) + yframe(2, ACK, 0, 9) + more)
    f.put("good-full-window.bin", ydata(SYN, 1, b"w" * 262144))
    f.put("empty.bin", b"")
    f.put("half-a-header.bin", other + b"\0\0\0\0\0\0")
    f.put("version-1.bin", other + yframe(0, SYN, 3, 0, version=1) + more)
    f.put("version-255.bin", other + yframe(0, SYN, 3, 0, version=255) + more)
    for kind in (4, 5, 127, 255):
        f.put(f"type-{kind}.bin", other + yframe(kind, 0, 1, 0) + more)
    f.put("data-on-never-opened.bin", other + ydata(0, 9, b"lost") + more)
    f.put("data-on-never-opened-of-ours.bin", other + ydata(0, 8, b"lost") + more)
    f.put("update-on-never-opened.bin", other + yframe(1, 0, 9, 5) + more)
    f.put("syn-on-open.bin", other + ydata(SYN, 1, b"again") + more)
    f.put("syn-with-our-parity.bin", other + ydata(SYN, 4, b"x") + more)
    f.put("syn-with-id-0.bin", other + ydata(SYN, 0, b"x") + more)
    f.put("syn-with-id-2-to-32-minus-1.bin", other + ydata(SYN, 0xFFFFFFFF, b"x") + more)
    f.put("syn-data-of-262145.bin", other + ydata(SYN, 3, b"x" * 262145) + more)
    f.put("data-beyond-window-by-1.bin", other + ydata(SYN, 3, b"x" * 262144) + ydata(0, 3, b"y") + more)
    f.put("data-length-16-mib-and-1.bin", other + yframe(0, 0, 1, (16 << 20) + 1))
    f.put("data-length-2-to-31.bin", other + yframe(0, 0, 1, 1 << 31))
    f.put("data-length-2-to-32-minus-1.bin", other + yframe(0, 0, 1, 0xFFFFFFFF))
    f.put("syn-data-length-2-to-32-minus-1.bin", other + yframe(0, SYN, 3, 0xFFFFFFFF))
    f.put("update-2-to-32-minus-1-twice.bin", other + yframe(1, 0, 1, 0xFFFFFFFF) * 2 + more)
    f.put("update-ffff0000.bin", other + yframe(1, 0, 1, 0xFFFF0000) + more)
    f.put("update-with-syn-2-to-32-minus-1.bin", other + yframe(1, SYN, 3, 0xFFFFFFFF) + more)
    f.put("rst-fin-syn.bin", other + yframe(1, RST | FIN | SYN, 3, 0) + more)
    f.put("all-flags-on-open.bin", other + yframe(1, 15, 1, 0) + more)
    f.put("rst-with-data.bin", other + ydata(RST, 1, b"dropped") + more)
    f.put("rst-on-never-opened.bin", other + yframe(1, RST, 9, 0) + more)
    f.put("ack-without-syn.bin", other + yframe(1, ACK, 1, 0) + more)
    f.put("ack-on-never-opened.bin", other + yframe(1, ACK, 9, 0) + more)
    f.put("fin-then-data.bin", other + ydata(SYN | FIN, 3, b"all") + ydata(0, 3, b"more") + more)
    f.put("fin-twice.bin", other + ydata(SYN | FIN, 3, b"all") + ydata(FIN, 3, b"") + more)
    f.put("unknown-flags.bin", other + yframe(0, 0xFFF0, 1, 0) + more)
    f.put("rapid-reset-1000.bin",
          b"".join(yframe(1, SYN, 2 * i + 1, 0) + yframe(1, RST, 2 * i + 1, 0) for i in range(1, 1001)) + other)
    f.put("syn-600.bin", b"".join(yframe(1, SYN, 2 * i + 1, 0) for i in range(600)))
    f.put("pings-1000.bin", other + yframe(2, SYN, 0, 1) * 1000 + more)
    f.put("ping-on-id-1.bin", other + yframe(2, SYN, 1, 0) + more)
    f.put("ping-without-flag.bin", other + yframe(2, 0, 0, 0) + more)
    f.put("ping-syn-ack.bin", other + yframe(2, SYN | ACK, 0, 0) + more)
    f.put("go-away-7-then-syn.bin", other + yframe(3, 0, 0, 7) + ydata(SYN, 3, b"late") + more)
    f.put("go-away-on-id-1.bin", other + yframe(3, 0, 1, 0) + more)
    f.put("frames-of-1-byte-1000.bin", other + ydata(0, 1, b"z") * 1000)
    f.put("ids-out-of-order.bin", ydata(SYN, 9, b"nine") + ydata(SYN, 3, b"three"))


# --- websocket ---------------------------------------------------------------------------------
def ws(first, payload, mask=b"\1\2\3\4", length=None, form=None):
    n = len(payload) if length is None else length
    form = form or (1 if n < 126 else 2 if n < 65536 else 8)
    bit = 0x80 if mask else 0
    head = bytes([first]) + (bytes([bit | n]) if form == 1
                             else bytes([bit | 126]) + struct.pack(">H", n) if form == 2
                             else bytes([bit | 127]) + struct.pack(">Q", n))
    return head + mask + (bytes(b ^ mask[i % 4] for i, b in enumerate(payload)) if mask else payload)


def websocket():
    f = Folder("websocket")
    good = ws(0x82, b"hello")
    f.put("good.bin", good + ws(0x02, b"in ") + ws(0x89, b"ping") + ws(0x80, b"parts"))
    f.put("good-70000.bin", ws(0x82, bytes(range(256)) * 274))
    f.put("good-length-form-not-shortest.bin", ws(0x82, b"x", form=8))
    f.put("empty.bin", b"")
    f.put("cut-off.bin", good[:-1])
    f.put("head-cut-off.bin", ws(0x82, bytes(300))[:5])
    f.put("text.bin", good + ws(0x81, b"text"))
    for kind in (3, 7, 11, 15):
        f.put(f"kind-{kind}.bin", ws(0x80 | kind, b""))
    f.put("reserved-bit.bin", ws(0xC2, b"x"))
    f.put("not-masked.bin", ws(0x82, b"x", mask=b""))
    f.put("length-16-mib.bin", ws(0x82, b"x", length=16 << 20))
    f.put("length-16-mib-and-1.bin", ws(0x82, b"x", length=(16 << 20) + 1))
    f.put("length-2-to-63.bin", ws(0x82, b"x", length=1 << 63))
    f.put("length-2-to-64-minus-1.bin", ws(0x82, b"x", length=(1 << 64) - 1))
    f.put("ping-of-125.bin", ws(0x89, bytes(125)))
    f.put("ping-of-126.bin", ws(0x89, bytes(126)))
    f.put("ping-in-parts.bin", ws(0x09, b"x"))
    f.put("close.bin", ws(0x88, b"\x03\xe8bye"))
    f.put("close-with-1-byte.bin", ws(0x88, b"x"))
    f.put("frames-of-0-bytes-1000.bin", ws(0x82, b"") * 1000 + good)


# --- pnet --------------------------------------------------------------------------------------
def salsa_core(key, inp, rounds_only):
    sigma = struct.unpack("<4I", b"expand 32-byte k")
    k, n = struct.unpack("<8I", key), struct.unpack("<4I", inp)
    x = [sigma[0], *k[:4], sigma[1], *n, sigma[2], *k[4:], sigma[3]]
    start = list(x)
    rot = lambda v, c: ((v << c) | (v >> (32 - c))) & 0xFFFFFFFF
    rounds = [(4, 0, 12, 7), (8, 4, 0, 9), (12, 8, 4, 13), (0, 12, 8, 18), (9, 5, 1, 7), (13, 9, 5, 9), (1, 13, 9, 13),
              (5, 1, 13, 18), (14, 10, 6, 7), (2, 14, 10, 9), (6, 2, 14, 13), (10, 6, 2, 18), (3, 15, 11, 7),
              (7, 3, 15, 9), (11, 7, 3, 13), (15, 11, 7, 18), (1, 0, 3, 7), (2, 1, 0, 9), (3, 2, 1, 13), (0, 3, 2, 18),
              (6, 5, 4, 7), (7, 6, 5, 9), (4, 7, 6, 13), (5, 4, 7, 18), (11, 10, 9, 7), (8, 11, 10, 9), (9, 8, 11, 13),
              (10, 9, 8, 18), (12, 15, 14, 7), (13, 12, 15, 9), (14, 13, 12, 13), (15, 14, 13, 18)]
    for _ in range(10):
        for to, a, b, c in rounds:
            x[to] ^= rot((x[a] + x[b]) & 0xFFFFFFFF, c)
    if rounds_only:
        return struct.pack("<8I", x[0], x[5], x[10], x[15], x[6], x[7], x[8], x[9])
    return struct.pack("<16I", *((a + b) & 0xFFFFFFFF for a, b in zip(x, start)))


def xsalsa20(key, nonce24, data):
    subkey = salsa_core(key, nonce24[:16], True)
    out = b""
    for block in range((len(data) + 63) // 64):
        stream = salsa_core(subkey, nonce24[16:] + struct.pack("<Q", block), False)
        part = data[block * 64:block * 64 + 64]
        out += bytes(a ^ b for a, b in zip(part, stream))
    return out


def pnet():
    f = Folder("pnet")
    n = bytes(range(24))
    hello = HEADER + message("/noise") + b"rest"
    f.put("good.bin", n + xsalsa20(bytes(32), n, hello))
    f.put("empty.bin", b"")
    f.put("nonce-of-23-bytes.bin", n[:23])
    f.put("nonce-alone.bin", n)
    f.put("plain-multistream.bin", hello + bytes(40))
    f.put("another-key.bin", n + xsalsa20(b"\x01" * 32, n, hello))
    f.put("zeros.bin", bytes(64))


# --- keys --------------------------------------------------------------------------------------
ED_VECTOR = ("080112201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e",
             "080112407e0830617c4a7de83925dfb2694556b12936c477a0e1feb2e148ec9da60fee7d"
             "1ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e")
SECP = ("08021221037777e994e452c21604f91de093ce415f5432f701dd8cd1a7a6fea0e630bfca99",
        "0802122053dadf1d5a164d6b4acdb15e24aa4c5b1d3461bdbd42abedb0a4404d56ced8fb")


def keys():
    f = Folder("public-key")
    p256 = ec.derive_private_key(9, ec.SECP256R1()).public_key().public_bytes(
        ser.Encoding.DER, ser.PublicFormat.SubjectPublicKeyInfo)
    f.put("good-ed25519.bin", ED_VECTOR[0])
    f.put("good-secp256k1.bin", SECP[0])
    f.put("good-ecdsa.bin", field_key(3, p256))
    f.put("good-rsa-2048.bin", rsa_key(2048))
    f.put("good-rsa-8192.bin", rsa_key(8192))
    f.put("empty.bin", b"")
    f.put("type-alone.bin", "0801")
    f.put("type-99.bin", bytes([8, 99]) + bytes.fromhex(ED_VECTOR[0])[2:])
    f.put("type-in-two-bytes.bin", "08810012 20" + "00" * 32)
    f.put("type-after-data.bin", field(2, bytes(32)) + b"\x08\x01")
    f.put("data-twice.bin", bytes.fromhex(ED_VECTOR[0]) + field(2, bytes(32)))
    f.put("unknown-field.bin", bytes.fromhex(ED_VECTOR[0]) + field(3, 1))
    f.put("length-not-shortest.bin", "080112a000" + "00" * 32)
    f.put("length-past-end.bin", "08011221" + "00" * 32)
    f.put("length-2-to-63-minus-1.bin", "080112" + "ff" * 8 + "7f")
    f.put("ed25519-of-31-bytes.bin", field_key(1, bytes(31)))
    f.put("ed25519-of-low-order.bin", field_key(1, bytes(32)))
    f.put("secp256k1-of-zeros.bin", field_key(2, bytes(33)))
    f.put("secp256k1-uncompressed.bin", field_key(2, b"\x04" + bytes(64)))
    f.put("secp256k1-x-beyond-field.bin", field_key(2, b"\x02" + b"\xff" * 32))
    f.put("ecdsa-off-the-curve.bin", field_key(3, off_curve()))
    f.put("ecdsa-at-infinity.bin", field_key(3, infinity()))
    f.put("ecdsa-p384.bin", field_key(3, ec.derive_private_key(9, ec.SECP384R1()).public_key().public_bytes(
        ser.Encoding.DER, ser.PublicFormat.SubjectPublicKeyInfo)))
    for bits in (512, 1024, 2047, 8193, 16384):
        f.put(f"rsa-{bits}.bin", rsa_key(bits))
    f.put("rsa-exponent-1.bin", rsa_key(2048, 1))
    f.put("rsa-exponent-even.bin", rsa_key(2048, 65536))
    f.put("rsa-exponent-of-2048-bits.bin", rsa_key(2048, (1 << 2047) | 1))
    f.put("rsa-der-length-past-end.bin", field_key(0, bytes.fromhex("3082ffff0609")))
    f.put("rsa-der-length-ff.bin", field_key(0, bytes.fromhex("30ff") + b"\xff" * 127))
    f.put("rsa-der-length-80.bin", field_key(0, bytes.fromhex("3080") + RSA_ALGORITHM))
    f.put("rsa-der-length-of-9-bytes.bin", field_key(0, bytes.fromhex("3089ffffffffffffffffff")))
    f.put("rsa-modulus-negative.bin", field_key(0, der(0x30, RSA_ALGORITHM, der(3, b"\0", der(
        0x30, der(2, b"\xff" * 256), der_int(65537))))))
    f.put("rsa-bit-string-with-rest.bin", field_key(0, der(0x30, RSA_ALGORITHM, der(3, b"\x07", der(
        0x30, der_int(1 << 2047 | 1), der_int(65537))))))

    g = Folder("private-key")
    g.put("good-ed25519.bin", ED_VECTOR[1])
    g.put("good-secp256k1.bin", SECP[1])
    g.put("empty.bin", b"")
    g.put("ed25519-of-63-bytes.bin", field_key(1, bytes(63)))
    g.put("ed25519-foreign-public-half.bin", field_key(1, bytes(64)))
    g.put("secp256k1-zero.bin", field_key(2, bytes(32)))
    g.put("secp256k1-beyond-order.bin", field_key(2, b"\xff" * 32))
    g.put("secp256k1-of-31-bytes.bin", field_key(2, bytes(31)))
    g.put("ecdsa-garbage.bin", field_key(3, bytes(20)))
    g.put("ecdsa-der-length-past-end.bin", field_key(3, bytes.fromhex("3082ffff0201")))
    g.put("rsa.bin", field_key(0, bytes(20)))
    g.put("type-99.bin", bytes([8, 99, 18, 0]))


# --- envelopes and identify --------------------------------------------------------------------
def envelope(key, payload, domain="libp2p-peer-record", kind=b"\x03\x01", public=None, signature=None):
    signed = lp(domain.encode()) + lp(kind) + lp(payload)
    return (field(1, ed_public(key) if public is None else public) + field(2, kind) + field(3, payload)
            + field(5, key.sign(signed) if signature is None else signature))


def record(key, seq, addresses=(bytes.fromhex("0401020304060fa1"),), peer=None):
    return (field(1, peer_id(ed_public(key)) if peer is None else peer) + field(2, seq)
            + b"".join(field(3, field(1, a)) for a in addresses))


def peer_records():
    f = Folder("peer-record")
    me, other = ed_seed(0), ed_seed(1)
    good = envelope(me, record(me, 7))
    f.put("good.bin", good)
    f.put("good-unknown-address.bin", envelope(me, record(me, 7, [b"\x7f\x00", bytes.fromhex("0401020304060fa1")])))
    f.put("good-1000-addresses.bin", envelope(me, record(me, 7, [bytes.fromhex("0401020304060fa1")] * 1000)))
    f.put("empty.bin", b"")
    f.put("cut-off.bin", good[:-1])
    f.put("of-another-peer.bin", envelope(me, record(other, 7)))
    f.put("of-another-domain.bin", envelope(me, record(me, 7), domain="libp2p-routing-state"))
    f.put("of-another-type.bin", envelope(me, record(me, 7), kind=b"\x03\x02"))
    f.put("signed-by-another.bin", envelope(me, record(me, 7), signature=other.sign(b"x")))
    f.put("signature-missing.bin", good[:good.rindex(b"\x2a\x40")])
    f.put("signature-empty.bin", envelope(me, record(me, 7), signature=b""))
    f.put("key-rsa-16384.bin", envelope(me, record(me, 7), public=rsa_key(16384)))
    f.put("key-rsa-der-length-ff.bin", envelope(me, record(me, 7), public=field_key(0, bytes.fromhex("30ff") + b"\xff" * 127)))
    f.put("payload-garbage.bin", envelope(me, b"\xff" * 10))
    f.put("payload-empty.bin", envelope(me, b""))
    f.put("sequence-2-to-63.bin", envelope(me, record(me, 1 << 63)))
    f.put("sequence-2-to-64-minus-1.bin", envelope(me, record(me, (1 << 64) - 1)))
    f.put("peer-id-empty.bin", envelope(me, record(me, 7, peer=b"")))
    f.put("peer-id-hash-of-0-bytes.bin", envelope(me, record(me, 7, peer=b"\x12\x00")))


def identify():
    f = Folder("identify")
    me, other = ed_seed(0), ed_seed(1)
    address = bytes.fromhex("0401020304060fa1")
    f.put("good.bin", lp(field(1, ed_public(me)) + field(2, address) + field(3, "/a/1") + field(3, "/b/1")
                         + field(4, bytes.fromhex("04050607080605dc")) + field(5, "p/1") + field(6, "agent")
                         + field(8, envelope(me, record(me, 9)))))
    f.put("good-in-ten-messages.bin", b"".join(lp(field(3, f"/a/{i}")) for i in range(10)))
    f.put("good-64-protocols.bin", lp(b"".join(field(3, f"/a/{i}") for i in range(64))))
    f.put("good-empty.bin", b"")
    f.put("good-8192-bytes.bin", lp(field(6, "x" * 8189)))
    f.put("8193-bytes.bin", lp(field(6, "x" * 8190)))
    f.put("8193-bytes-in-two-messages.bin", lp(field(6, "x" * 4000)) + lp(field(6, "x" * 4190)))
    f.put("eleven-messages.bin", b"\0" * 11)
    f.put("length-2-to-63-minus-1.bin", b"\xff" * 8 + b"\x7f")
    f.put("length-not-shortest.bin", bytes.fromhex("8000"))
    f.put("length-of-ten-bytes.bin", b"\x80" * 10)
    f.put("cut-off.bin", lp(field(6, "agent"))[:-1])
    f.put("not-protobuf.bin", lp(b"\xff\xff\xff"))
    f.put("group-nested-200.bin", lp(b"\x0b" * 200))
    f.put("key-of-another.bin", lp(field(1, ed_public(other))))
    f.put("key-malformed.bin", lp(field(1, b"\x08\x01")))
    f.put("key-rsa-der-length-ff.bin", lp(field(1, field_key(0, bytes.fromhex("30ff") + b"\xff" * 127))))
    f.put("record-of-another.bin", lp(field(8, envelope(other, record(other, 9)))))
    f.put("record-of-another-signed-by-peer.bin", lp(field(8, envelope(me, record(other, 9)))))
    f.put("record-of-wrong-domain.bin", lp(field(8, envelope(me, record(me, 9), domain="libp2p-routing-state"))))
    f.put("tolerated-record-older.bin", lp(field(8, envelope(me, record(me, 4)))))
    f.put("tolerated-record-of-same-age.bin", lp(field(8, envelope(me, record(me, 5)))))
    f.put("record-garbage.bin", lp(field(8, b"\xff")))
    f.put("tolerated-address-cut-off.bin", lp(field(2, address[:-1]) + field(2, address)))
    f.put("tolerated-address-circuit-50-times.bin", lp(field(2, address + uv(290) * 50)))
    f.put("tolerated-address-dns-label-of-300.bin", lp(field(2, b"\x35" + lp(b"a" * 300))))
    f.put("tolerated-addresses-800.bin", lp(field(2, address) * 800))
    f.put("protocols-65.bin", lp(b"".join(field(3, f"/a/{i}") for i in range(65))))
    f.put("protocols-2000-empty.bin", lp(field(3, "") * 2000))
    f.put("tolerated-protocol-of-200-characters.bin", lp(field(3, "/" + "a" * 200)))
    f.put("tolerated-protocol-with-newline.bin", lp(field(3, "/a\nb")))
    f.put("tolerated-observed-unspecified.bin", lp(field(4, bytes.fromhex("0400000000060001"))))
    f.put("tolerated-observed-malformed.bin", lp(field(4, b"\x04\x01")))
    f.put("tolerated-agent-with-escapes.bin", lp(field(6, "a\x1b[31m\nb\0")))
    f.put("tolerated-agent-of-5000.bin", lp(field(6, "x" * 5000)))
    f.put("tolerated-agent-not-utf-8.bin", lp(field(6, b"\xff\xfe")))


# --- mdns --------------------------------------------------------------------------------------
SERVICE = "_p2p._udp.local"
PEER = "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN"
OTHER = "12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X"  # another


def dname(text):
    return b"".join(bytes([len(part)]) + part.encode() for part in text.split(".")) + b"\0"


def dquestion(name, kind=12, category=1):
    return (name if isinstance(name, bytes) else dname(name)) + struct.pack(">HH", kind, category)


def drecord(name, kind, content, length=None, category=1):
    name = name if isinstance(name, bytes) else dname(name)
    length = len(content) if length is None else length
    return name + struct.pack(">HHIH", kind, category, 120, length) + content


def dmessage(questions=(), answers=(), additional=(), flags=0x8400, counts=None):
    counts = counts or (len(questions), len(answers), 0, len(additional))
    return struct.pack(">HH", 0, flags) + struct.pack(">HHHH", *counts) + b"".join([*questions, *answers, *additional])


def dtexts(*texts):
    return b"".join(bytes([len(t)]) + (t if isinstance(t, bytes) else t.encode()) for t in texts)


def dtold(*texts, instance="abc." + SERVICE):
    return dmessage(answers=[drecord(SERVICE, 12, dname(instance))], additional=[drecord(instance, 16, dtexts(*texts))])


def mdns():
    m = Folder("mdns")
    near = "dnsaddr=/ip4/10.0.0.7/tcp/4001/p2p/" + PEER
    m.put("good-answer.bin", dtold(near))
    m.put("good-question.bin", dmessage([dquestion(SERVICE)], flags=0))
    m.put("good-question-unicast.bin", dmessage([dquestion(SERVICE, category=0x8001)], flags=0))
    m.put("good-services-question.bin", dmessage([dquestion("_services._dns-sd._udp.local")], flags=0))
    pointer = b"\xc0\x0c"
    compressed = dmessage(answers=[drecord(SERVICE, 12, b"\x03abc" + pointer)],
                          additional=[drecord(b"\xc0" + bytes([12 + 17 + 10]), 16, dtexts(near))])
    m.put("good-compressed.bin", compressed)
    m.put("good-upper-case.bin", dtold(near, instance="ABC._P2P._UDP.LOCAL"))
    m.put("good-texts-as-answers.bin", dmessage(
        answers=[drecord(SERVICE, 12, dname("abc." + SERVICE)), drecord("abc." + SERVICE, 16, dtexts(near))]))
    m.put("tolerated-printer.bin", dmessage(answers=[
        drecord("_ipp._tcp.local", 12, dname("Office._ipp._tcp.local")),
        drecord("Office._ipp._tcp.local", 33, b"\0\0\0\0\x02\x77" + dname("office.local")),
        drecord("office.local", 1, bytes([10, 0, 0, 9]))]))
    m.put("tolerated-text-without-pointer.bin", dmessage(additional=[drecord("abc." + SERVICE, 16, dtexts(near))]))
    m.put("tolerated-other-texts.bin", dtold("hello=world", "", near, "dnsaddr=", "dnsaddr=/ip4/10.0.0.8"))
    m.put("tolerated-far.bin", dtold("dnsaddr=/ip4/192.0.2.7/tcp/4001/p2p/" + PEER))
    m.put("tolerated-loopback.bin", dtold("dnsaddr=/ip4/127.0.0.1/tcp/22/p2p/" + PEER))
    m.put("tolerated-name.bin", dtold("dnsaddr=/dns4/example.org/tcp/4001/p2p/" + PEER))
    m.put("tolerated-circuit.bin", dtold("dnsaddr=/ip4/10.0.0.7/tcp/4001/p2p/" + OTHER + "/p2p-circuit/p2p/" + PEER))
    m.put("tolerated-two-peers-under-one-name.bin", dtold(near, "dnsaddr=/ip4/10.0.0.8/tcp/1/p2p/" + OTHER))
    m.put("tolerated-nine-addresses.bin",
          dtold(*["dnsaddr=/ip4/10.0.0.7/tcp/%d/p2p/%s" % (port, PEER) for port in range(1, 10)]))
    m.put("tolerated-answer-without-flag.bin", dtold(near)[:2] + b"\0\0" + dtold(near)[4:])
    m.put("tolerated-other-category.bin", dmessage(
        answers=[drecord(SERVICE, 12, dname("abc." + SERVICE), category=3)],
        additional=[drecord("abc." + SERVICE, 16, dtexts(near))]))
    m.put("tolerated-trailing.bin", dtold(near) + b"more")
    m.put("tolerated-bad-utf8.bin", dtold(b"dnsaddr=/ip4/\xff\xfe"))
    m.put("tolerated-bad-peer.bin", dtold("dnsaddr=/ip4/10.0.0.7/tcp/4001/p2p/nobody"))
    m.put("empty.bin", b"")
    m.put("header-cut.bin", b"\0" * 11)
    m.put("9001-bytes.bin", b"\0" * 9001)
    m.put("129-questions.bin", dmessage(counts=(129, 0, 0, 0)))
    m.put("65535-of-each.bin", dmessage(counts=(0, 65535, 65535, 65535)))
    m.put("question-missing.bin", dmessage(counts=(1, 0, 0, 0)))
    m.put("question-cut.bin", dmessage([dquestion(SERVICE)])[:-1])
    m.put("record-cut.bin", dmessage(answers=[drecord(SERVICE, 12, dname("a"))[:-8]]))
    m.put("content-cut.bin", dmessage(answers=[drecord(SERVICE, 16, b"", length=1)]))
    m.put("pointer-to-itself.bin", dmessage([dquestion(b"\xc0\x0c")]))
    m.put("pointer-forward.bin", dmessage([dquestion(b"\xc0\x20")]))
    m.put("pointer-into-header.bin", dmessage([dquestion(b"\xc0\x00")]))
    m.put("pointer-cut.bin", dmessage([b"\xc0"], counts=(1, 0, 0, 0)))
    loop = b"\x01a\xc0\x0c"
    m.put("pointer-loop.bin", dmessage([dquestion(loop)]))
    chain = b"\x01a\0"
    for i in range(17):
        chain += b"\xc0" + bytes([12 if i == 0 else 26 + 2 * i])
    m.put("pointers-17.bin", dmessage(answers=[drecord("a", 99, chain), drecord(b"\xc0" + bytes([60]), 12, b"\0")]))
    m.put("label-of-64.bin", dmessage([dquestion(b"\x40" + b"a" * 64 + b"\0")]))
    m.put("label-cut.bin", dmessage([b"\x05ab"], counts=(1, 0, 0, 0)))
    m.put("name-of-256.bin", dmessage([dquestion((b"\x3f" + b"a" * 63) * 4 + b"\0")]))
    m.put("name-without-end.bin", dmessage([b"\x01a"], counts=(1, 0, 0, 0)))
    m.put("pointer-record-too-long.bin", dmessage(answers=[drecord(SERVICE, 12, dname("a") + b"x")]))
    m.put("text-cut.bin", dmessage(answers=[drecord(SERVICE, 16, b"\x05ab")]))
    m.put("33-texts.bin", dmessage(answers=[drecord(SERVICE, 16, b"\0" * 33)]))


# --- files -------------------------------------------------------------------------------------
def files():
    f = Folder("swarm-key")
    head = b"/key/swarm/psk/1.0.0/\n"
    f.put("good-base16.key", head + b"/base16/\n" + b"00" * 32 + b"\n")
    f.put("good-base64.key", head + b"/base64/\n" + b"A" * 43 + b"=\n")
    f.put("good-bin.key", head + b"/bin/\n" + bytes(32))
    f.put("good-crlf.key", (head + b"/base16/\n" + b"00" * 32 + b"\n").replace(b"\n", b"\r\n"))
    f.put("empty.key", b"")
    f.put("one-line.key", head)
    f.put("two-lines.key", head + b"/base16/\n")
    f.put("another-first-line.key", b"/key/swarm/psk/2.0.0/\n/base16/\n" + b"00" * 32)
    f.put("unknown-encoding.key", head + b"/base32/\nAAAA")
    f.put("key-of-31-bytes.key", head + b"/base16/\n" + b"00" * 31)
    f.put("key-of-33-bytes.key", head + b"/base16/\n" + b"00" * 33)
    f.put("odd-digits.key", head + b"/base16/\n" + b"0" * 63)
    f.put("not-hexadecimal.key", head + b"/base16/\n" + b"zz" * 32)
    f.put("not-base-64.key", head + b"/base64/\n!!!!")
    f.put("bin-of-34-bytes.key", head + b"/bin/\n" + bytes(34))
    f.put("not-utf-8.key", b"\xff\xfe\n\xff\n\xff")
    k = Folder("key-file")
    import base64
    begin, end = b"-----BEGIN TENSORLINK IDENTITY-----\n", b"\n-----END TENSORLINK IDENTITY-----\n"
    wrap = lambda b: begin + base64.b64encode(b) + end
    clear = lambda b, version=1: wrap(field(1, version) + field(2, b))
    ed = bytes.fromhex(ED_VECTOR[1])
    k.put("good.key", clear(ed))
    k.put("good-crlf.key", clear(ed).replace(b"\n", b"\r\n"))
    k.put("empty.key", b"")
    k.put("marks-alone.key", begin + end)
    k.put("no-end.key", clear(ed)[:-len(end)])
    k.put("not-base-64.key", begin + b"!!!!" + end)
    k.put("not-protobuf.key", wrap(b"\xff" * 10))
    k.put("version-2.key", clear(ed, 2))
    k.put("version-2-to-32-minus-1.key", clear(ed, 0xFFFFFFFF))
    k.put("no-content.key", wrap(field(1, 1)))
    k.put("key-garbage.key", clear(b"\xff" * 10))
    k.put("key-rsa.key", clear(field_key(0, bytes(20))))
    k.put("sealed.key", wrap(field(1, 1) + field(3, field(1, 1 << 30) + field(2, 8) + field(3, 1) + field(4, bytes(16))
                                                 + field(5, bytes(12)) + field(6, bytes(16)))))
    k.put("not-ascii.key", clear(ed).replace(b"TENSORLINK", "TENSÖRLINK".encode()))
    k.put("65537-bytes.key", clear(ed) + b"\n" * (65537 - len(clear(ed))))
    k.put("pem-of-openssl.key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")


# --- relay -------------------------------------------------------------------------------------
def fixed64(number, value):
    return uv(number << 3 | 1) + struct.pack("<Q", value)


TCP_ADDRESS = bytes.fromhex("0401020304060fa1")
EXPIRY = 1767229200


def voucher(relay, peer, domain="libp2p-relay-rsvp", kind=b"\x03\x02", speaks_of=None, payload=None):
    content = payload
    if content is None:
        content = (field(1, speaks_of or peer_id(ed_public(relay))) + field(2, peer) + field(3, EXPIRY))
    return envelope(relay, content, domain, kind)


def relay():
    h = Folder("relay-hop")
    us, relay_key, other = peer_id(ed_public(ed_seed(0))), ed_seed(1), ed_seed(2)
    other_id = peer_id(ed_public(other))
    connect = lambda peer: lp(field(1, 1) + peer)
    status = lambda code, *more: lp(field(1, 2) + b"".join(more) + field(5, code))
    reservation = lambda *parts: field(3, b"".join(parts))
    expire = field(1, EXPIRY)
    h.put("good-reserve.bin", lp(field(1, 0)))
    h.put("good-connect.bin", connect(field(2, field(1, other_id) + field(2, TCP_ADDRESS))))
    h.put("good-status.bin", status(100, reservation(expire, field(2, TCP_ADDRESS), field(3, voucher(relay_key, us))),
                                    field(4, field(1, 120) + field(2, 131072))))
    h.put("good-status-without-voucher.bin", status(100, reservation(expire)))
    h.put("good-refusal.bin", status(200))
    h.put("good-4096-bytes.bin", lp(field(1, 0) + field(9, b"x" * 4091)))
    h.put("4097-bytes.bin", lp(field(1, 0) + field(9, b"x" * 4092)))
    h.put("empty.bin", b"")
    h.put("empty-message.bin", lp(b""))
    h.put("length-cut-off.bin", "80")
    h.put("length-2-to-63-minus-1.bin", "ff" * 8 + "7f")
    h.put("length-of-ten-bytes.bin", "80" * 10)
    h.put("length-not-shortest.bin", "8200 0800")
    h.put("cut-off.bin", lp(field(1, 0))[:-1])
    h.put("not-protobuf.bin", lp(b"\xff" * 10))
    h.put("group-nested-200.bin", lp(b"\x7b" * 200 + b"\x7c" * 200))
    h.put("group-unended.bin", lp(field(1, 0) + b"\x7b"))
    h.put("no-type.bin", lp(field(5, 100)))
    h.put("type-3.bin", lp(field(1, 3)))
    h.put("type-2-to-32-minus-1.bin", lp(field(1, 0xFFFFFFFF)))
    h.put("type-as-text.bin", lp(field(1, "CONNECT")))
    h.put("connect-nobody.bin", connect(b""))
    h.put("connect-without-id.bin", connect(field(2, field(2, TCP_ADDRESS))))
    h.put("connect-empty-id.bin", connect(field(2, field(1, b""))))
    h.put("connect-id-cut-off.bin", connect(field(2, field(1, other_id[:20]))))
    h.put("connect-id-of-31-bytes.bin", connect(field(2, field(1, b"\x12\x1f" + b"x" * 31))))
    h.put("connect-id-of-unknown-hash.bin", connect(field(2, field(1, b"\x99\x01\x20" + b"x" * 32))))
    h.put("connect-id-of-3000-bytes.bin", connect(field(2, field(1, b"\x00" + lp(b"x" * 3000)))))
    h.put("tolerated-connect-2000-addresses.bin", connect(field(2, field(1, other_id) + b"\x12\x00" * 1500)))
    h.put("status-without-code.bin", lp(field(1, 2)))
    h.put("tolerated-status-unknown.bin", status(299))
    h.put("tolerated-status-2-to-32-minus-1.bin", status(0xFFFFFFFF))
    h.put("reservation-without-expiry.bin", status(100, reservation(field(2, TCP_ADDRESS))))
    h.put("tolerated-expiry-0.bin", status(100, reservation(field(1, 0))))
    h.put("tolerated-expiry-2-to-63.bin", status(100, reservation(field(1, 1 << 63))))
    h.put("tolerated-expiry-2-to-64-minus-1.bin", status(100, reservation(field(1, (1 << 64) - 1))))
    h.put("tolerated-address-garbage.bin", status(100, reservation(expire, field(2, b"\xff" * 9), field(2, TCP_ADDRESS))))
    h.put("tolerated-addresses-300.bin", status(100, reservation(expire, field(2, TCP_ADDRESS) * 300)))
    h.put("tolerated-limit-huge.bin", status(100, field(4, field(1, 0xFFFFFFFF) + field(2, (1 << 64) - 1))))
    h.put("voucher-garbage.bin", status(100, reservation(expire, field(3, b"\xff" * 40))))
    h.put("voucher-of-another-relay.bin", status(100, reservation(expire, field(3, voucher(other, us)))))
    h.put("voucher-for-another.bin", status(100, reservation(expire, field(3, voucher(relay_key, other_id)))))
    h.put("voucher-signed-by-another.bin",
          status(100, reservation(expire, field(3, voucher(other, us, speaks_of=peer_id(ed_public(relay_key)))))))
    h.put("voucher-of-wrong-domain.bin",
          status(100, reservation(expire, field(3, voucher(relay_key, us, domain="libp2p-peer-record")))))
    h.put("voucher-of-wrong-type.bin",
          status(100, reservation(expire, field(3, voucher(relay_key, us, kind=b"\x03\x01")))))
    h.put("voucher-empty.bin", status(100, reservation(expire, field(3, voucher(relay_key, us, payload=b"")))))
    s = Folder("relay-stop")
    call = lambda *parts: lp(field(1, 0) + b"".join(parts))
    s.put("good-connect.bin", call(field(2, field(1, other_id)), field(3, field(1, 120) + field(2, 131072))))
    s.put("good-connect-unlimited.bin", call(field(2, field(1, other_id))))
    s.put("good-status.bin", lp(field(1, 1) + field(4, 100)))
    s.put("good-refusal.bin", lp(field(1, 1) + field(4, 202)))
    s.put("4097-bytes.bin", call(field(2, field(1, other_id)), field(9, b"x" * 4050)))
    s.put("empty.bin", b"")
    s.put("empty-message.bin", lp(b""))
    s.put("length-2-to-63-minus-1.bin", "ff" * 8 + "7f")
    s.put("length-of-ten-bytes.bin", "80" * 10)
    s.put("cut-off.bin", call(field(2, field(1, other_id)))[:-3])
    s.put("not-protobuf.bin", lp(b"\xff" * 10))
    s.put("group-nested-200.bin", lp(b"\x7b" * 200 + b"\x7c" * 200))
    s.put("no-type.bin", lp(field(4, 100)))
    s.put("type-2.bin", lp(field(1, 2)))
    s.put("type-2-to-32-minus-1.bin", lp(field(1, 0xFFFFFFFF)))
    s.put("connect-from-nobody.bin", call())
    s.put("connect-without-id.bin", call(field(2, b"")))
    s.put("connect-empty-id.bin", call(field(2, field(1, b""))))
    s.put("connect-id-cut-off.bin", call(field(2, field(1, other_id[:20]))))
    s.put("connect-id-of-unknown-hash.bin", call(field(2, field(1, b"\x99\x01\x20" + b"x" * 32))))
    s.put("tolerated-limit-huge.bin",
          call(field(2, field(1, other_id)), field(3, field(1, 0xFFFFFFFF) + field(2, (1 << 64) - 1))))
    s.put("tolerated-limit-as-number.bin", call(field(2, field(1, other_id)), field(3, 7)))
    s.put("status-without-code.bin", lp(field(1, 1)))
    s.put("tolerated-status-unknown.bin", lp(field(1, 1) + field(4, 7)))


# --- autonat -----------------------------------------------------------------------------------
def autonat():
    a = Folder("autonat-1")
    me = peer_id(ed_public(ed_seed(0)))
    other = peer_id(ed_public(ed_seed(2)))
    dial = lambda *peer: lp(field(1, 0) + field(2, field(1, b"".join(peer))))
    answer = lambda *parts: lp(field(1, 1) + field(3, b"".join(parts)))
    a.put("good-dial.bin", dial(field(1, me), field(2, TCP_ADDRESS)))
    a.put("good-dial-16-addresses.bin", dial(field(1, me), field(2, TCP_ADDRESS) * 16))
    a.put("good-ok.bin", answer(field(1, 0), field(3, TCP_ADDRESS)))
    a.put("good-dial-error.bin", answer(field(1, 100), field(2, "cannot be reached")))
    a.put("empty.bin", b"")
    a.put("empty-message.bin", lp(b""))
    a.put("4097-bytes.bin", lp(field(1, 0) + field(9, b"x" * 4092)))
    a.put("length-2-to-63-minus-1.bin", "ff" * 8 + "7f")
    a.put("length-of-ten-bytes.bin", "80" * 10)
    a.put("length-not-shortest.bin", "8200 0800")
    a.put("cut-off.bin", dial(field(1, me), field(2, TCP_ADDRESS))[:-3])
    a.put("not-protobuf.bin", lp(b"\xff" * 10))
    a.put("group-nested-200.bin", lp(b"\x7b" * 200 + b"\x7c" * 200))
    a.put("no-type.bin", lp(field(2, b"")))
    a.put("type-2.bin", lp(field(1, 2)))
    a.put("type-2-to-32-minus-1.bin", lp(field(1, 0xFFFFFFFF)))
    a.put("dial-without-body.bin", lp(field(1, 0)))
    a.put("dial-without-peer.bin", lp(field(1, 0) + field(2, b"")))
    a.put("dial-without-id.bin", dial(field(2, TCP_ADDRESS)))
    a.put("dial-empty-id.bin", dial(field(1, b""), field(2, TCP_ADDRESS)))
    a.put("dial-id-cut-off.bin", dial(field(1, me[:20]), field(2, TCP_ADDRESS)))
    a.put("tolerated-dial-of-another.bin", dial(field(1, other), field(2, TCP_ADDRESS)))
    a.put("tolerated-dial-no-addresses.bin", dial(field(1, me)))
    a.put("tolerated-dial-address-garbage.bin", dial(field(1, me), field(2, b"\xff" * 9), field(2, TCP_ADDRESS)))
    a.put("tolerated-dial-300-addresses.bin", dial(field(1, me), field(2, TCP_ADDRESS) * 300))
    a.put("tolerated-dial-1500-empty-addresses.bin", dial(field(1, me), b"\x12\x00" * 1500))
    a.put("response-without-body.bin", lp(field(1, 1)))
    a.put("response-without-status.bin", answer(field(2, "?")))
    a.put("tolerated-response-status-unknown.bin", answer(field(1, 7)))
    a.put("tolerated-response-ok-without-address.bin", answer(field(1, 0)))
    a.put("tolerated-response-address-garbage.bin", answer(field(1, 0), field(3, b"\xff")))
    a.put("tolerated-response-text-not-utf-8.bin", answer(field(1, 100), field(2, b"\xff\xfe")))
    b = Folder("autonat-2")
    request = lambda *parts: lp(field(1, b"".join(parts)))
    response = lambda *parts: lp(field(2, b"".join(parts)))
    wanted = lambda *parts: lp(field(3, b"".join(parts)))
    b.put("good-request.bin", request(field(1, TCP_ADDRESS), fixed64(2, 7)))
    b.put("good-request-nonce-0.bin", request(field(1, TCP_ADDRESS)))
    b.put("good-request-16-addresses.bin", request(field(1, TCP_ADDRESS) * 16, fixed64(2, (1 << 64) - 1)))
    b.put("good-response.bin", response(field(1, 200), field(2, 0), field(3, 200)))
    b.put("good-response-rejected.bin", response(field(1, 100)))
    b.put("good-wanted.bin", wanted(field(1, 1), field(2, 30000)))
    b.put("good-data.bin", lp(field(4, field(1, b"x" * 4000))))
    b.put("good-data-4096.bin", lp(field(4, field(1, b"x" * 4096))))
    b.put("data-4097.bin", lp(field(4, field(1, b"x" * 4097))))
    b.put("4201-bytes.bin", lp(field(9, b"x" * 4198)))
    b.put("empty.bin", b"")
    b.put("empty-message.bin", lp(b""))
    b.put("only-unknown-fields.bin", lp(field(9, b"x")))
    b.put("length-2-to-63-minus-1.bin", "ff" * 8 + "7f")
    b.put("length-of-ten-bytes.bin", "80" * 10)
    b.put("cut-off.bin", request(field(1, TCP_ADDRESS), fixed64(2, 7))[:-3])
    b.put("not-protobuf.bin", lp(b"\xff" * 10))
    b.put("group-nested-200.bin", lp(b"\x7b" * 200 + b"\x7c" * 200))
    b.put("request-as-number.bin", lp(field(1, 7)))
    b.put("nonce-as-varint.bin", request(field(1, TCP_ADDRESS), field(2, 7)))
    b.put("nonce-cut-off.bin", request(field(1, TCP_ADDRESS), fixed64(2, 7)[:-1]))
    b.put("tolerated-request-no-addresses.bin", request(fixed64(2, 7)))
    b.put("tolerated-request-address-garbage.bin", request(field(1, b"\xff" * 9), field(1, TCP_ADDRESS), fixed64(2, 7)))
    b.put("tolerated-request-300-addresses.bin", request(field(1, TCP_ADDRESS) * 300, fixed64(2, 7)))
    b.put("tolerated-request-1500-empty-addresses.bin", request(b"\x0a\x00" * 1500, fixed64(2, 7)))
    b.put("tolerated-response-status-unknown.bin", response(field(1, 7)))
    b.put("tolerated-response-index-huge.bin", response(field(1, 200), field(2, 0xFFFFFFFF), field(3, 200)))
    b.put("tolerated-response-dial-status-unknown.bin", response(field(1, 200), field(3, 7)))
    b.put("tolerated-response-empty.bin", response())
    b.put("tolerated-wanted-2-to-64-minus-1.bin", wanted(field(1, 0), field(2, (1 << 64) - 1)))
    b.put("tolerated-wanted-index-huge.bin", wanted(field(1, 0xFFFFFFFF), field(2, 30000)))
    b.put("tolerated-wanted-empty.bin", wanted())
    b.put("tolerated-data-empty.bin", lp(field(4, b"")))
    b.put("tolerated-two-kinds.bin", lp(field(3, field(2, 5)) + field(4, field(1, b"x"))))


# --- dcutr -------------------------------------------------------------------------------------
def dcutr():
    d = Folder("dcutr")
    punch = lambda kind, *parts: lp(field(1, kind) + b"".join(parts))
    d.put("good-connect.bin", punch(100, field(2, TCP_ADDRESS)))
    d.put("good-connect-16-addresses.bin", punch(100, field(2, TCP_ADDRESS) * 16))
    d.put("good-sync.bin", punch(300))
    d.put("good-4096-bytes.bin", punch(300, field(9, b"x" * 4090)))
    d.put("4097-bytes.bin", punch(300, field(9, b"x" * 4091)))
    d.put("empty.bin", b"")
    d.put("empty-message.bin", lp(b""))
    d.put("length-cut-off.bin", "80")
    d.put("length-2-to-63-minus-1.bin", "ff" * 8 + "7f")
    d.put("length-of-ten-bytes.bin", "80" * 10)
    d.put("length-not-shortest.bin", "8300 08ac02")
    d.put("cut-off.bin", punch(100, field(2, TCP_ADDRESS))[:-3])
    d.put("not-protobuf.bin", lp(b"\xff" * 10))
    d.put("group-nested-200.bin", lp(b"\x7b" * 200 + b"\x7c" * 200))
    d.put("group-unended.bin", punch(300, b"\x7b"))
    d.put("no-type.bin", lp(field(2, TCP_ADDRESS)))
    d.put("type-0.bin", punch(0))
    d.put("type-200.bin", punch(200))
    d.put("type-2-to-32-minus-1.bin", punch(0xFFFFFFFF))
    d.put("type-as-text.bin", lp(field(1, "CONNECT")))
    d.put("address-as-number.bin", punch(100, field(2, 7)))
    d.put("address-length-past-end.bin", lp(field(1, 100) + bytes.fromhex("127f0401")))
    d.put("tolerated-no-addresses.bin", punch(100))
    d.put("tolerated-address-garbage.bin", punch(100, field(2, b"\xff" * 9), field(2, TCP_ADDRESS)))
    d.put("tolerated-address-cut-off.bin", punch(100, field(2, TCP_ADDRESS[:-1])))
    d.put("tolerated-300-addresses.bin", punch(100, field(2, TCP_ADDRESS) * 300))
    d.put("tolerated-2000-empty-addresses.bin", punch(100, b"\x12\x00" * 2000))
    d.put("tolerated-sync-with-addresses.bin", punch(300, field(2, TCP_ADDRESS)))


# --- port mapping ------------------------------------------------------------------------------
def port_mapping():
    n = Folder("nat-pmp")
    mapped = bytes.fromhex("00820000" "00000001" "0fa10fa2" "00000e10")
    n.put("good-tcp.bin", mapped)
    n.put("good-udp.bin", b"\0\x81" + mapped[2:])
    n.put("good-external.bin", "00800000 00000001 01020304")
    n.put("good-refused.bin", "00820002 00000001")
    n.put("tolerated-more-bytes.bin", mapped + bytes(1000))
    n.put("tolerated-external-private.bin", "00800000 00000001 0a000001")
    n.put("tolerated-lifetime-2-to-32-minus-1.bin", mapped[:12] + b"\xff" * 4)
    n.put("tolerated-port-0.bin", mapped[:10] + b"\0\0" + mapped[12:])
    n.put("tolerated-result-65535.bin", "0082ffff 00000001")
    n.put("empty.bin", b"")
    for size in (1, 7, 8, 11, 15):
        n.put(f"{size}-bytes.bin", mapped[:size])
    n.put("external-of-11-bytes.bin", "00800000 00000001 010203")
    n.put("version-1.bin", b"\1" + mapped[1:])
    n.put("version-2.bin", b"\2" + mapped[1:])
    n.put("version-255.bin", b"\xff" + mapped[1:])
    n.put("a-request.bin", b"\0\2" + mapped[2:])
    n.put("kind-131.bin", b"\0\x83" + mapped[2:])
    n.put("kind-255.bin", b"\0\xff" + mapped[2:])
    c = Folder("pcp")
    ours = b"\1" * 12
    head = bytes.fromhex("02810000" "00000e10" "00000001") + bytes(12)
    body = lambda nonce: nonce + bytes.fromhex("06000000" "0fa10fa2") + bytes(10) + bytes.fromhex("ffff01020304")
    c.put("good.bin", head + body(ours))
    c.put("good-ip6.bin", head + body(ours)[:-16] + bytes.fromhex("20010db8") + bytes(11) + b"\1")
    c.put("good-refused.bin", bytes.fromhex("02810002") + head[4:] + body(ours))
    c.put("good-refused-short.bin", bytes.fromhex("02810001") + head[4:])
    c.put("tolerated-more-bytes.bin", head + body(ours) + bytes(1000))
    c.put("tolerated-lifetime-2-to-32-minus-1.bin", head[:4] + b"\xff" * 4 + head[8:] + body(ours))
    c.put("tolerated-port-0.bin", head + ours + bytes.fromhex("06000000" "0fa10000") + body(ours)[-16:])
    c.put("tolerated-address-0.bin", head + body(ours)[:-16] + bytes(16))
    c.put("empty.bin", b"")
    for size in (1, 4, 23, 24, 36, 59):
        c.put(f"{size}-bytes.bin", (head + body(ours))[:size])
    c.put("nonce-of-another.bin", head + body(b"\2" * 12))
    c.put("nonce-0.bin", head + body(bytes(12)))
    c.put("version-0.bin", b"\0" + head[1:] + body(ours))
    c.put("version-1.bin", b"\1" + head[1:] + body(ours))
    c.put("version-255.bin", b"\xff" + head[1:] + body(ours))
    c.put("a-request.bin", b"\2\1" + head[2:] + body(ours))
    c.put("announce.bin", b"\2\x80" + head[2:])
    c.put("peer.bin", b"\2\x82" + head[2:] + body(ours))
    c.put("nat-pmp-unsupported.bin", "00800001 00000001 00000000")


# --- UPnP --------------------------------------------------------------------------------------
def upnp_search():
    f = Folder("upnp-search")
    ok = "HTTP/1.1 200 OK\r\n"
    at = lambda location: (ok + "LOCATION: " + location + "\r\n\r\n").encode("latin-1")
    good = "http://10.0.0.1:5000/rootDesc.xml"
    f.put("good.bin", (ok + "CACHE-CONTROL: max-age=120\r\nST: upnp:rootdevice\r\nLOCATION: " + good
                       + "\r\nSERVER: x\r\n\r\n").encode())
    f.put("good-port-80.bin", at("http://10.0.0.1/d.xml"))
    f.put("good-2048-bytes.bin", at(good) + b" " * (2048 - len(at(good))))
    f.put("tolerated-lower-case.bin", ok.encode() + b"location:" + good.encode() + b"\n\n")
    f.put("tolerated-relative.bin", at("/rootDesc.xml"))
    f.put("tolerated-two-locations.bin", (ok + "LOCATION: " + good + "\r\nLOCATION: http://1.2.3.4/\r\n\r\n").encode())
    f.put("tolerated-garbage-after.bin", at(good) + bytes(range(256)))
    f.put("tolerated-http-1.0-without-reason.bin", b"HTTP/1.0 200\r\nLocation: " + good.encode() + b"\r\n\r\n")
    f.put("empty.bin", b"")
    f.put("2049-bytes.bin", at(good) + b" " * (2049 - len(at(good))))
    f.put("status-404.bin", at(good).replace(b"200 OK", b"404 No"))
    f.put("status-2000.bin", at(good).replace(b"200 OK", b"2000 OK"))
    f.put("a-search.bin", b"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n\r\n")
    f.put("a-notify.bin", b"NOTIFY * HTTP/1.1\r\nLOCATION: " + good.encode() + b"\r\n\r\n")
    f.put("no-location.bin", (ok + "ST: upnp:rootdevice\r\n\r\n").encode())
    f.put("location-after-the-end.bin", (ok + "\r\nLOCATION: " + good + "\r\n").encode())
    f.put("location-empty-name.bin", (ok + ": " + good + "\r\n\r\n").encode())
    for name, location in {
        "another-host": "http://10.0.0.2:5000/d.xml",
        "loopback": "http://127.0.0.1:8080/admin",
        "metadata-service": "http://169.254.169.254/latest/",
        "name": "http://router.example/d.xml",
        "name-that-looks-like-it": "http://10.0.0.1.example/d.xml",
        "octal": "http://010.0.0.1/d.xml",
        "decimal": "http://167772161/d.xml",
        "short-form": "http://10.1/d.xml",
        "ip6-of-ip4": "http://[::ffff:10.0.0.1]/d.xml",
        "user-info": "http://10.0.0.1@1.2.3.4/d.xml",
        "user-at-router": "http://u:p@10.0.0.1/d.xml",
        "without-scheme": "//1.2.3.4/d.xml",
        "https": "https://10.0.0.1/d.xml",
        "file": "file:///etc/passwd",
        "jar": "jar:http://10.0.0.1/a!/b",
        "port-0": "http://10.0.0.1:0/",
        "port-65536": "http://10.0.0.1:65536/",
        "port-negative": "http://10.0.0.1:-1/",
        "line-feed": "http://10.0.0.1/a\tb",
        "latin-1": "http://10.0.0.1/\xe9",
        "not-an-address": "http://[",
        "percent": "http://10.0.0.1/%zz",
        "257-characters": "http://10.0.0.1/" + "a" * 241,
    }.items():
        f.put(f"location-{name}.bin", at(location))


def upnp_description():
    f = Folder("upnp-description")
    kind = "urn:schemas-upnp-org:service:"

    def service(name, control):
        return f"<service><serviceType>{kind}{name}</serviceType><controlURL>{control}</controlURL></service>"

    def root(*services, head='<?xml version="1.0"?>'):
        return (head + '<root xmlns="urn:schemas-upnp-org:device-1-0"><device><serviceList>' + "".join(services)
                + "</serviceList></device></root>").encode()

    good = service("WANIPConnection:1", "/ctl/IPConn")
    f.put("good.bin", root(service("Layer3Forwarding:1", "/l3"), good))
    f.put("good-2-before-1.bin", root(good, service("WANIPConnection:2", "ctl2")))
    f.put("good-ppp.bin", root(service("WANPPPConnection:1", "/ppp")))
    f.put("good-absolute.bin", root(service("WANIPConnection:1", "http://10.0.0.1:5001/ctl")))
    f.put("good-utf-16.bin", root(good, head='<?xml version="1.0" encoding="UTF-16"?>').decode().encode("utf-16"))
    f.put("good-prefixed.bin", root(good).replace(b"<service>", b'<x:service xmlns:x="y">').replace(b"</service>", b"</x:service>"))
    f.put("tolerated-no-namespace.bin", root(good).replace(b' xmlns="urn:schemas-upnp-org:device-1-0"', b""))
    f.put("tolerated-white-space.bin", root(f"<service><serviceType>\n {kind}WANIPConnection:1 </serviceType><controlURL> /c </controlURL></service>"))
    f.put("tolerated-url-base.bin", root(good).replace(b"<device>", b"<URLBase>http://1.2.3.4/</URLBase><device>"))
    f.put("tolerated-65536-bytes.bin", root(good) + b" " * ((64 << 10) - len(root(good))))
    f.put("tolerated-cdata.bin", root(good.replace("/ctl/IPConn", "<![CDATA[/c]]>")))
    f.put("empty.bin", b"")
    f.put("65537-bytes.bin", root(good) + b" " * ((64 << 10) + 1 - len(root(good))))
    f.put("not-xml.bin", b"<html><p>router</html>")
    f.put("cut-off.bin", root(good)[:-10])
    f.put("two-roots.bin", root(good) + root(good))
    f.put("bad-utf-8.bin", root(good).replace(b"IPConn", b"\xff\xfe"))
    f.put("nul.bin", root(good).replace(b"IPConn", b"\0"))
    f.put("encoding-unknown.bin", root(good, head='<?xml version="1.0" encoding="x-none"?>'))
    f.put("no-service.bin", root())
    f.put("other-service.bin", root(service("WANCommonInterfaceConfig:1", "/c")))
    f.put("type-with-more.bin", root(service("WANIPConnection:11", "/c")))
    f.put("no-control.bin", root(good).replace(b"controlURL", b"SCPDURL"))
    f.put("control-elsewhere.bin", root(service("WANIPConnection:1", "http://1.2.3.4/ctl")))
    f.put("control-without-scheme.bin", root(service("WANIPConnection:1", "//1.2.3.4/ctl")))
    f.put("control-file.bin", root(service("WANIPConnection:1", "file:///etc/passwd")))
    f.put("control-https.bin", root(service("WANIPConnection:1", "https://10.0.0.1/ctl")))
    f.put("control-of-257-characters.bin", root(service("WANIPConnection:1", "/" + "a" * 256)))
    f.put("control-with-line-feed.bin", root(service("WANIPConnection:1", "/a&#10;Host: x")))
    dtd = lambda inner: root(good, head=f'<?xml version="1.0"?><!DOCTYPE root {inner}>')
    f.put("dtd-empty.bin", dtd("[]"))
    f.put("dtd-external.bin", dtd('SYSTEM "http://10.0.0.2/x.dtd"'))
    f.put("entity-file.bin", dtd('[<!ENTITY x SYSTEM "file:///etc/passwd">]').replace(b"/ctl/IPConn", b"&x;"))
    f.put("entity-parameter.bin", dtd('[<!ENTITY % x SYSTEM "http://10.0.0.2/x"> %x;]'))
    laughs = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10 if i else "ha"}">' for i in range(10))
    f.put("entity-billion-laughs.bin", dtd(f"[{laughs}]").replace(b"/ctl/IPConn", b"&a9;"))
    f.put("entity-undeclared.bin", root(good).replace(b"/ctl/IPConn", b"&x;"))
    f.put("xinclude.bin", root('<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>'))
    f.put("33-deep.bin", root("<a>" * 30 + "</a>" * 30, good))
    f.put("1000-deep.bin", b"<a>" * 1000 + b"</a>" * 1000)
    f.put("1000-attributes.bin", ("<a " + " ".join(f'a{i}=""' for i in range(1000)) + "/>").encode())


def upnp_answer():
    f = Folder("upnp-answer")

    def envelope(body):
        return ('<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
                + body + "</s:Body></s:Envelope>").encode()

    def response(values, action="GetSpecificPortMappingEntry"):
        return envelope(f'<u:{action}Response xmlns:u="urn:schemas-upnp-org:service:WANIPConnection:1">{values}</u:{action}Response>')

    def fault(code):
        return envelope("<s:Fault><faultcode>s:Client</faultcode><faultstring>UPnPError</faultstring><detail>"
                        f'<UPnPError xmlns="urn:schemas-upnp-org:control-1-0"><errorCode>{code}</errorCode>'
                        "<errorDescription>x</errorDescription></UPnPError></detail></s:Fault>")

    entry = ("<NewInternalPort>4001</NewInternalPort><NewInternalClient>10.0.0.7</NewInternalClient>"
             "<NewEnabled>1</NewEnabled>")
    f.put("good-entry.bin", response(entry))
    f.put("good-fault-714.bin", fault(714))
    f.put("good-fault-718.bin", fault(718))
    f.put("good-16-values.bin", response("".join(f"<a{i:02}>{i}</a{i:02}>" for i in range(16))))
    f.put("good-256-characters.bin", response(f"<a>{'x' * 256}</a>"))
    f.put("tolerated-no-values.bin", response(""))
    f.put("tolerated-twice-the-same.bin", response("<a>1</a><a>2</a>"))
    f.put("tolerated-fault-9999.bin", fault(9999))
    f.put("tolerated-both.bin", response(entry).replace(b"</s:Body>", b"<errorCode>1</errorCode></s:Body>"))
    f.put("no-envelope.bin", b"<GetSpecificPortMappingEntryResponse><a>1</a></GetSpecificPortMappingEntryResponse>")
    f.put("empty.bin", b"")
    f.put("65537-bytes.bin", fault(714) + b" " * ((64 << 10) + 1 - len(fault(714))))
    f.put("cut-off.bin", response(entry)[:-5])
    f.put("html.bin", b"<html><body>500</body></html>")
    f.put("answer-to-another.bin", response(entry, action="AddPortMapping"))
    f.put("17-values.bin", response("".join(f"<a{i:02}>{i}</a{i:02}>" for i in range(17))))
    f.put("257-characters.bin", response(f"<a>{'x' * 257}</a>"))
    f.put("fault-without-code.bin", fault(""))
    f.put("fault-negative.bin", fault(-1))
    f.put("fault-10000.bin", fault(10000))
    f.put("fault-2-to-64.bin", fault(1 << 64))
    f.put("fault-text.bin", fault("many"))
    f.put("prefix-undeclared.bin", response(entry).replace(b' xmlns:u="urn:schemas-upnp-org:service:WANIPConnection:1"', b""))
    f.put("entity.bin", fault(714).replace(b'<?xml version="1.0"?>', b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>').replace(b"714", b"&x;"))


varints()
multiaddrs()
multistream()
noise()
certificates()
yamux()
websocket()
pnet()
keys()
peer_records()
identify()
mdns()
files()
relay()
autonat()
dcutr()
port_mapping()
upnp_search()
upnp_description()
upnp_answer()
