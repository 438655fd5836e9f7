package tensorlink.node.network;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tensorlink.ledger.Account;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.evm.EvmChain;
import tensorlink.ledger.evm.EvmConfig.Deployment;
import tensorlink.ledger.smartnodes.SmartnodesConfig;
import tensorlink.p2p.multiaddr.Multiaddr;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * All that has to be known of a public chain to found a network on it, as one JSON file: {@code
 * chainId}, {@code contract}, {@code codeHash}, {@code block}, {@code endpoints}, and {@code seeds}
 * or none. With none, nodes find the network by the validators on the contract.
 *
 * <p>A network on the Smartnodes contracts has, instead of contract, codeHash and block, {@code
 * core}, {@code coordinator} and {@code token}, each with {@code contract}, {@code codeHash} and
 * {@code block}. They say of no node where it is, so it takes seeds, or a bootstrap address.
 *
 * @param seeds peers to ask first, or {@code /dnsaddr} names
 */
public record ContractFile(LedgerTerms.OnChain ledger, List<Multiaddr> seeds) {
    private static final JsonMapper JSON = new JsonMapper();
    private static final int BYTES_MAX = 16 << 10;
    private static final String CORE = "core";
    private static final Set<String> DEPLOYMENT = Set.of("contract", "codeHash", "block");
    private static final Set<String> FIELDS =
            Set.of("chainId", "contract", "codeHash", "block", "endpoints", "seeds");
    private static final Set<String> SMARTNODES_FIELDS =
            Set.of("chainId", CORE, "coordinator", "token", "endpoints", "seeds");

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
        boolean isSmartnodes = all.has(CORE);
        requireKnown(all, isSmartnodes ? SMARTNODES_FIELDS : FIELDS);
        var endpoints = texts(all, "endpoints").stream().map(URI::create).toList();
        long chainId = number(all, "chainId");
        var ledger = isSmartnodes ? smartnodes(all, chainId, endpoints) : ours(all, endpoints);
        return new ContractFile(
                ledger, texts(all, "seeds").stream().map(Multiaddr::parse).toList());
    }

    private static void requireKnown(JsonNode all, Set<String> fields) {
        for (var name : all.propertyNames()) {
            if (!fields.contains(name)) {
                throw new IllegalArgumentException(
                        "field "
                                + name
                                + " is unknown; known are "
                                + fields.stream().sorted().toList());
            }
        }
    }

    private static LedgerTerms.OnChain ours(JsonNode all, List<URI> endpoints) {
        var contract =
                new LedgerTerms.Contract(
                        number(all, "chainId"),
                        Account.parse(text(all, "contract")),
                        hash(text(all, "codeHash")).bytes(),
                        number(all, "block"),
                        endpoints);
        var _ = EvmChain.of(contract.chainId(), endpoints); // says what is wrong with an endpoint
        return contract;
    }

    private static LedgerTerms.OnChain smartnodes(JsonNode all, long chainId, List<URI> endpoints) {
        return new LedgerTerms.Smartnodes(
                new SmartnodesConfig(
                        EvmChain.of(chainId, endpoints),
                        deployment(all, CORE),
                        deployment(all, "coordinator"),
                        deployment(all, "token")));
    }

    private static Deployment deployment(JsonNode all, String name) {
        var contract = all.path(name);
        if (!contract.isObject()) {
            throw new IllegalArgumentException("field " + name + " is missing or no object");
        }
        try {
            requireKnown(contract, DEPLOYMENT);
            return new Deployment(
                    Account.parse(text(contract, "contract")),
                    hash(text(contract, "codeHash")),
                    number(contract, "block"));
        } catch (IllegalArgumentException wrong) {
            throw new IllegalArgumentException(name + ": " + wrong.getMessage(), wrong);
        }
    }

    private static Bytes32 hash(String text) {
        try {
            return Bytes32.parse(text);
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
        switch (ledger) {
            case LedgerTerms.Contract(
                            long chainId,
                            var address,
                            var codeHash,
                            long block,
                            var endpoints) -> {
                fields.put("chainId", chainId);
                fields.putAll(fields(new Deployment(address, new Bytes32(codeHash), block)));
                fields.put("endpoints", endpoints.stream().map(URI::toString).toList());
            }
            case LedgerTerms.Smartnodes(var contracts) -> {
                fields.put("chainId", contracts.chain().chainId());
                fields.put(CORE, fields(contracts.core()));
                fields.put("coordinator", fields(contracts.coordinator()));
                fields.put("token", fields(contracts.token()));
                fields.put(
                        "endpoints",
                        contracts.chain().endpoints().stream().map(URI::toString).toList());
            }
        }
        fields.put("seeds", seeds.stream().map(Multiaddr::toString).toList());
        var text = JSON.writerWithDefaultPrettyPrinter().writeValueAsString(fields);
        Files.writeString(file, text + "\n");
    }

    private static Map<String, Object> fields(Deployment contract) {
        var fields = new LinkedHashMap<String, Object>();
        fields.put("contract", contract.address().toString());
        fields.put("codeHash", contract.codeHash().toString());
        fields.put("block", contract.block());
        return fields;
    }
}
