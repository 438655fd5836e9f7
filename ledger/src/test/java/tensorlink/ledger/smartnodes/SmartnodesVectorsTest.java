package tensorlink.ledger.smartnodes;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import tensorlink.ledger.Account;
import tensorlink.ledger.Bytes32;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Our hashes against those of ethers: see make_smartnodes.mjs. */
class SmartnodesVectorsTest {
    private final JsonNode vectors = read();

    private static JsonNode read() {
        try (var in = SmartnodesVectorsTest.class.getResourceAsStream("/vectors/smartnodes.json")) {
            return JsonMapper.shared().readTree(in);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void distributions_have_the_same_leaves_root_and_lists() {
        assertThat(vectors.get("distributions")).hasSize(9);
        for (var expected : vectors.get("distributions")) {
            var distribution = distribution(expected);

            assertThat(distribution.root()).hasToString(text(expected, "root"));
            assertThat(distribution.workersHash()).hasToString(text(expected, "workersHash"));
            assertThat(distribution.capacitiesHash()).hasToString(text(expected, "capacitiesHash"));
            for (int i = 0; i < distribution.shares().size(); i++) {
                assertThat(Distribution.leaf(distribution.shares().get(i), distribution.id()))
                        .hasToString(expected.get("leaves").get(i).asString());
            }
        }
    }

    @Test
    void each_worker_is_proven_and_with_a_changed_capacity_nobody() {
        for (var expected : vectors.get("distributions")) {
            var distribution = distribution(expected);
            for (var share : distribution.shares()) {
                var claim = distribution.claim(share.worker()).orElseThrow();
                var more = new Share(share.worker(), share.capacity().add(BigInteger.ONE));

                assertThat(claim.leadsTo(distribution.root())).isTrue();
                assertThat(
                                new Distribution.Claim(distribution.id(), more, claim.proof())
                                        .leadsTo(distribution.root()))
                        .isFalse();
            }
        }
    }

    @Test
    void proposals_have_the_hash_of_each_profile() {
        assertThat(vectors.get("proposals")).hasSize(4);
        for (var expected : vectors.get("proposals")) {
            var proposal =
                    new Proposal(
                            Bytes32.parse(text(expected, "root")),
                            new BigInteger(text(expected, "totalCapacity")),
                            accounts(expected.get("removed")),
                            words(expected.get("jobs")),
                            Bytes32.parse(text(expected, "workersHash")),
                            Bytes32.parse(text(expected, "capacitiesHash")));
            int number = expected.get("number").asInt();

            assertThat(proposal.hash(Profile.SHIPPED, number))
                    .hasToString(text(expected, "shipped"));
            assertThat(proposal.hash(Profile.HEAD, number)).hasToString(text(expected, "head"));
        }
    }

    private static Distribution distribution(JsonNode node) {
        var workers = accounts(node.get("workers"));
        var shares = new ArrayList<Share>();
        for (int i = 0; i < workers.size(); i++) {
            var capacity = new BigInteger(node.get("capacities").get(i).asString());
            shares.add(new Share(workers.get(i), capacity));
        }
        return new Distribution(new BigInteger(text(node, "id")), shares);
    }

    private static List<Account> accounts(JsonNode list) {
        var accounts = new ArrayList<Account>();
        list.forEach(node -> accounts.add(Account.parse(node.asString())));
        return accounts;
    }

    private static List<Bytes32> words(JsonNode list) {
        var words = new ArrayList<Bytes32>();
        list.forEach(node -> words.add(Bytes32.parse(node.asString())));
        return words;
    }

    private static String text(JsonNode node, String field) {
        return node.get(field).asString();
    }
}
