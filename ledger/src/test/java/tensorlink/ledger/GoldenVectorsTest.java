package tensorlink.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import tensorlink.p2p.peer.PeerId;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Our hashes and signatures against those of two other implementations: see make_vectors.mjs. */
class GoldenVectorsTest {
    private final JsonNode vectors = read("/vectors/eip712.json");
    private final List<Domain> domains = new ArrayList<>();

    GoldenVectorsTest() {
        for (var domain : vectors.get("domains")) {
            domains.add(
                    new Domain(
                            text(domain, "name"),
                            text(domain, "version"),
                            domain.get("chainId").longValue(),
                            Account.parse(text(domain, "verifyingContract"))));
        }
    }

    static JsonNode read(String resource) {
        try (var in = GoldenVectorsTest.class.getResourceAsStream(resource)) {
            return JsonMapper.shared().readTree(in);
        } catch (IOException e) {
            throw new IllegalStateException(resource, e);
        }
    }

    @Test
    void domains_have_the_same_separators() {
        for (int i = 0; i < domains.size(); i++) {
            var expected = text(vectors.get("domains").get(i), "separator");

            assertThat(domains.get(i).separator()).hasToString(expected);
        }
    }

    @Test
    void a_private_network_has_chain_zero_and_an_address_made_from_its_id() {
        int seen = 0;
        for (int i = 0; i < domains.size(); i++) {
            var networkId = vectors.get("domains").get(i).get("networkId");
            if (!networkId.isNull()) {
                assertThat(Domain.privateNetwork(networkId.stringValue()))
                        .isEqualTo(domains.get(i));
                seen++;
            }
        }

        assertThat(seen).isEqualTo(3);
    }

    @Test
    void keys_have_the_same_accounts_and_make_the_same_signatures() {
        for (var vector : vectors.get("signatures")) {
            var key = AccountKey.of(Bytes32.parse(text(vector, "secret")));
            var digest = Bytes32.parse(text(vector, "digest"));

            assertThat(key.account()).hasToString(text(vector, "account"));
            assertThat(key.sign(digest)).hasToString(text(vector, "signature"));
            assertThat(key.sign(digest).signer(digest)).contains(key.account());
        }
        assertThat(vectors.get("signatures").size()).isEqualTo(8);
    }

    @Test
    void messages_have_the_same_digests_and_signatures() {
        var types = new HashSet<String>();
        for (var vector : vectors.get("messages")) {
            var domain = domains.get(vector.get("domain").intValue());
            var digest = digest(text(vector, "type"), vector.get("message"), domain);

            var signature = AccountKey.of(Bytes32.parse(text(vector, "secret"))).sign(digest);

            assertThat(digest).as(vector.toString()).hasToString(text(vector, "digest"));
            assertThat(signature).hasToString(text(vector, "signature"));
            types.add(text(vector, "type"));
        }
        assertThat(types)
                .isEqualTo(
                        Set.of(
                                "Issuance",
                                "Deposit",
                                "JobOpening",
                                "JobClosing",
                                "Agreement",
                                "Voucher",
                                "UsageReceipt",
                                "PeerBinding"));
    }

    private static Bytes32 digest(String type, JsonNode m, Domain domain) {
        return switch (type) {
            case "Agreement" ->
                    new Agreement(
                                    word(m, "jobId"),
                                    account(m, "payer"),
                                    account(m, "payee"),
                                    amount(m, "maxPrice"),
                                    amount(m, "unitPrice"),
                                    word(m, "unit"),
                                    time(m, "start"),
                                    time(m, "deadline"),
                                    word(m, "specHash"),
                                    account(m, "arbiter"),
                                    salt(m))
                            .digest(domain);
            case "Issuance" ->
                    new Issuance(
                                    account(m, "issuer"),
                                    account(m, "account"),
                                    amount(m, "cumulative"))
                            .digest(domain);
            case "Deposit" ->
                    new Deposit(account(m, "payer"), amount(m, "cumulative")).digest(domain);
            case "JobOpening" ->
                    new JobOpening(
                                    word(m, "specHash"),
                                    account(m, "payer"),
                                    salt(m),
                                    account(m, "notary"))
                            .digest(domain);
            case "JobClosing" ->
                    new JobClosing(
                                    word(m, "jobId"),
                                    JobEnd.ofCode((int) number(m, "end")),
                                    word(m, "resultHash"),
                                    account(m, "closer"))
                            .digest(domain);
            case "Voucher" ->
                    new Voucher(
                                    account(m, "payer"),
                                    account(m, "payee"),
                                    amount(m, "cumulative"),
                                    time(m, "expiry"),
                                    word(m, "jobsRoot"))
                            .digest(domain);
            case "UsageReceipt" ->
                    new UsageReceipt(
                                    word(m, "jobId"),
                                    account(m, "payee"),
                                    number(m, "units"),
                                    number(m, "sequence"))
                            .digest(domain);
            case "PeerBinding" ->
                    new PeerBinding(
                                    new PeerId(Hex.parse(text(m, "peerId"), 38)),
                                    account(m, "account"),
                                    time(m, "notAfter"),
                                    number(m, "serial"))
                            .digest(domain);
            default -> throw new AssertionError("no message of type " + type);
        };
    }

    private static String text(JsonNode object, String name) {
        return object.get(name).stringValue();
    }

    private static Bytes32 word(JsonNode object, String name) {
        return Bytes32.parse(text(object, name));
    }

    private static Account account(JsonNode object, String name) {
        return Account.parse(text(object, name));
    }

    private static Amount amount(JsonNode object, String name) {
        return Amount.parse(text(object, name));
    }

    private static long number(JsonNode object, String name) {
        return Long.parseLong(text(object, name));
    }

    private static Instant time(JsonNode object, String name) {
        return Instant.ofEpochSecond(number(object, name));
    }

    /** A uint256 in decimal digits. */
    private static Bytes32 salt(JsonNode object) {
        var digits = new BigInteger(text(object, "salt"));
        return new Bytes32(Secp256k1.word(digits));
    }
}
