package tensorlink.node.network;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Set;
import tensorlink.ledger.Account;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.evm.EvmChain;
import tensorlink.p2p.multiaddr.Multiaddr;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * All that has to be known of a public chain to found a network on it, as one JSON file: {@code
 * chainId}, {@code contract}, {@code codeHash}, {@code block}, {@code endpoints}, and {@code seeds}
 * or none. With none, nodes find the network by the validators on the contract.
 *
 * @param seeds peers to ask first, or {@code /dnsaddr} names
 */
public record ContractFile(LedgerTerms.Contract contract, List<Multiaddr> seeds) {
    private static final JsonMapper JSON = new JsonMapper();
    private static final int BYTES_MAX = 16 << 10;
    private static final Set<String> FIELDS =
            Set.of("chainId", "contract", "codeHash", "block", "endpoints", "seeds");

    public ContractFile {
        seeds = List.copyOf(seeds);
    }

    /**
     * Reads one.
     *
     * @throws NetworkException naming the field that is missing or wrong
     */
    public static ContractFile read(Path file) throws IOException {
        byte[] bytes;
        try (var in = Files.newInputStream(file)) {
            bytes = in.readNBytes(BYTES_MAX + 1);
        }
        if (bytes.length > BYTES_MAX) {
            throw new NetworkException(file + " has more than " + BYTES_MAX + " bytes");
        }
        try {
            return read(JSON.readTree(new String(bytes, StandardCharsets.UTF_8)));
        } catch (JacksonException malformed) {
            throw new NetworkException(file + " is not JSON", malformed);
        } catch (IllegalArgumentException wrong) {
            throw new NetworkException(file + ": " + wrong.getMessage(), wrong);
        }
    }

    private static ContractFile read(JsonNode all) {
        for (var name : all.propertyNames()) {
            if (!FIELDS.contains(name)) {
                throw new IllegalArgumentException(
                        "field "
                                + name
                                + " is unknown; known are "
                                + FIELDS.stream().sorted().toList());
            }
        }
        var endpoints = texts(all, "endpoints").stream().map(URI::create).toList();
        var contract =
                new LedgerTerms.Contract(
                        number(all, "chainId"),
                        Account.parse(text(all, "contract")),
                        hash(text(all, "codeHash")),
                        number(all, "block"),
                        endpoints);
        var _ = EvmChain.of(contract.chainId(), endpoints); // says what is wrong with an endpoint
        return new ContractFile(
                contract, texts(all, "seeds").stream().map(Multiaddr::parse).toList());
    }

    private static ByteString hash(String text) {
        try {
            return Bytes32.parse(text).bytes();
        } catch (IllegalArgumentException wrong) {
            throw new IllegalArgumentException("codeHash: " + wrong.getMessage(), wrong);
        }
    }

    private static long number(JsonNode all, String name) {
        var value = all.path(name);
        if (!value.isIntegralNumber() || !value.canConvertToLong()) {
            throw new IllegalArgumentException("field " + name + " is missing or no number");
        }
        return value.asLong();
    }

    private static String text(JsonNode all, String name) {
        var value = all.path(name);
        if (!value.isString() || value.asString().isEmpty()) {
            throw new IllegalArgumentException("field " + name + " is missing or empty");
        }
        return value.asString();
    }

    private static List<String> texts(JsonNode all, String name) {
        var value = all.path(name);
        if (!value.isArray() && !value.isMissingNode()) {
            throw new IllegalArgumentException("field " + name + " is no list");
        }
        var texts = new ArrayList<String>();
        for (var entry : value) {
            if (!entry.isString()) {
                throw new IllegalArgumentException("field " + name + " is no list of texts");
            }
            texts.add(entry.asString());
        }
        return texts;
    }

    public void write(Path file) throws IOException {
        var fields = new LinkedHashMap<String, Object>();
        fields.put("chainId", contract.chainId());
        fields.put("contract", contract.address().toString());
        fields.put("codeHash", new Bytes32(contract.codeHash()).toString());
        fields.put("block", contract.block());
        fields.put("endpoints", contract.endpoints().stream().map(URI::toString).toList());
        fields.put("seeds", seeds.stream().map(Multiaddr::toString).toList());
        var text = JSON.writerWithDefaultPrettyPrinter().writeValueAsString(fields);
        Files.writeString(file, text + "\n");
    }
}
