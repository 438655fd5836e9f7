package tensorlink.ledger;

import com.google.protobuf.ByteString;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Predicate;
import tensorlink.ledger.SealedSecret.Derivation;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The JSON of keystore V3.
 *
 * @param account what the file says it holds; some wallets do not say
 */
record KeystoreJson(Optional<Account> account, SealedSecret secret) {
    private static final int VERSION = 3;
    private static final String CIPHER = "aes-128-ctr";
    private static final int KEY_BYTES = 32;
    private static final int STRING_MAX = 4_096;

    private static final JsonMapper JSON =
            JsonMapper.builder(
                            JsonFactory.builder()
                                    .streamReadConstraints(
                                            StreamReadConstraints.builder()
                                                    .maxNestingDepth(8)
                                                    .maxStringLength(STRING_MAX)
                                                    .maxNameLength(64)
                                                    .maxNumberLength(16)
                                                    .build())
                                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                                    .build())
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .build();

    /**
     * Reads a key file's text.
     *
     * @throws IllegalArgumentException naming what is missing, unknown or out of range
     */
    static KeystoreJson parse(byte[] text) {
        JsonNode root;
        try {
            root = JSON.readTree(text);
        } catch (JacksonException e) {
            throw new IllegalArgumentException("not JSON: " + e.getOriginalMessage(), e);
        }
        int version = number(root, "version");
        if (version != VERSION) {
            throw new IllegalArgumentException("version " + version + ", expected " + VERSION);
        }
        var crypto = root.has("crypto") ? object(root, "crypto") : object(root, "Crypto");
        var cipher = string(crypto, "cipher");
        if (!cipher.equals(CIPHER)) {
            throw new IllegalArgumentException("unknown cipher: " + Hex.shown(cipher));
        }
        return new KeystoreJson(
                root.has("address") ? Optional.of(account(root)) : Optional.empty(),
                new SealedSecret(
                        derivation(crypto),
                        hex(object(crypto, "cipherparams"), "iv"),
                        hex(crypto, "ciphertext"),
                        hex(crypto, "mac")));
    }

    private static Derivation derivation(JsonNode crypto) {
        var params = object(crypto, "kdfparams");
        int dklen = number(params, "dklen");
        if (dklen != KEY_BYTES) {
            throw new IllegalArgumentException("dklen " + dklen + ", expected " + KEY_BYTES);
        }
        var salt = hex(params, "salt");
        var kdf = string(crypto, "kdf");
        return switch (kdf) {
            case "scrypt" ->
                    new Derivation.Scrypt(
                            salt, number(params, "n"), number(params, "r"), number(params, "p"));
            case "pbkdf2" -> {
                var prf = string(params, "prf");
                if (!prf.equals("hmac-sha256")) {
                    throw new IllegalArgumentException("unknown prf: " + Hex.shown(prf));
                }
                yield new Derivation.Pbkdf2(salt, number(params, "c"));
            }
            default -> throw new IllegalArgumentException("unknown kdf: " + Hex.shown(kdf));
        };
    }

    private static Account account(JsonNode root) {
        var text = string(root, "address").toLowerCase(Locale.ROOT);
        return Account.parse(text.startsWith("0x") ? text : "0x" + text);
    }

    private static JsonNode object(JsonNode parent, String name) {
        return field(parent, name, JsonNode::isObject, "an object");
    }

    private static String string(JsonNode parent, String name) {
        return field(parent, name, JsonNode::isString, "a string").stringValue();
    }

    private static int number(JsonNode parent, String name) {
        return field(
                        parent,
                        name,
                        node -> node.isIntegralNumber() && node.canConvertToInt(),
                        "a whole number of 32 bits")
                .intValue();
    }

    private static ByteString hex(JsonNode parent, String name) {
        try {
            return ByteString.copyFrom(HexFormat.of().parseHex(string(parent, name)));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(name + " is not hexadecimal", e);
        }
    }

    private static JsonNode field(
            JsonNode parent, String name, Predicate<JsonNode> is, String expected) {
        return parent.optional(name)
                .filter(is)
                .orElseThrow(
                        () -> new IllegalArgumentException(name + " is not there as " + expected));
    }

    /** The text of a key file; {@code id} is a number of no meaning that the format wants. */
    byte[] format(UUID id) {
        var root = JSON.createObjectNode();
        account.ifPresent(known ->
                root.put("address", HexFormat.of().formatHex(known.bytes().toByteArray())));
        var crypto = root.putObject("crypto");
        crypto.put("cipher", CIPHER);
        crypto.putObject("cipherparams").put("iv", hex(secret.iv()));
        crypto.put("ciphertext", hex(secret.ciphertext()));
        var params = JSON.createObjectNode().put("dklen", KEY_BYTES);
        switch (secret.derivation()) {
            case Derivation.Scrypt(var salt, int n, int r, int p) -> {
                crypto.put("kdf", "scrypt");
                params.put("n", n).put("r", r).put("p", p).put("salt", hex(salt));
            }
            case Derivation.Pbkdf2(var salt, int c) -> {
                crypto.put("kdf", "pbkdf2");
                params.put("c", c).put("prf", "hmac-sha256").put("salt", hex(salt));
            }
        }
        crypto.set("kdfparams", params);
        crypto.put("mac", hex(secret.mac()));
        root.put("id", id.toString());
        root.put("version", VERSION);
        return JSON.writeValueAsBytes(root);
    }

    private static String hex(ByteString bytes) {
        return HexFormat.of().formatHex(bytes.toByteArray());
    }
}
