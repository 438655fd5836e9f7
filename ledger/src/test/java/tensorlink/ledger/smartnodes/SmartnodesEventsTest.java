package tensorlink.ledger.smartnodes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tensorlink.ledger.Account;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Cursor;
import tensorlink.ledger.evm.EvmClient.Event;
import tensorlink.ledger.evm.RpcFormatException;
import tensorlink.ledger.smartnodes.SmartnodesEvent.Change;

/** Events as a node must not tell them. */
class SmartnodesEventsTest {
    private static final Account CORE = AccountKey.of(Bytes32.keccak("core")).account();
    private static final String ZERO = "%064x".formatted(0);
    private static final String MAX = "ff".repeat(32);

    private static Event event(String signature, List<String> indexed, String data) {
        var topics = new ArrayList<Bytes32>();
        topics.add(Bytes32.keccak(signature));
        indexed.forEach(word -> topics.add(Bytes32.parse("0x" + word)));
        return new Event(Cursor.START, CORE, topics, bytes(data));
    }

    private static ByteString bytes(String hex) {
        return ByteString.copyFrom(HexFormat.of().parseHex(hex));
    }

    @Test
    void an_event_without_topics_or_of_another_kind_is_none_of_theirs() throws Exception {
        var nameless = new Event(Cursor.START, CORE, List.of(), ByteString.EMPTY);

        assertThat(SmartnodesEvents.read(nameless)).isEmpty();
        assertThat(SmartnodesEvents.read(event("Other()", List.of(), ""))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "JobCompleted(bytes32,uint128,bool) | 0 | 2 | event jobId",
                "JobCompleted(bytes32,uint128,bool) | 1 | 0 | event payment",
                "JobCompleted(bytes32,uint128,bool) | 1 | 1 | event payWithSNO",
                "ValidatorAdded(address) | 0 | 0 | event validator",
                "ProposalCreated(uint256,bytes32,address) | 2 | 0 | event creator",
                "TokenRewardsClaimed(uint256,address,uint256) | 2 | 0 | event amount",
                "MerkleDistributionCreated(uint256,bytes32,uint256,uint256,uint256) | 1 | 2 |"
                        + " event totalEthRewards",
            })
    void a_word_that_is_missing_is_named(String signature, int topics, int words, String field) {
        var indexed = java.util.Collections.nCopies(topics, ZERO);

        assertThatThrownBy(
                        () -> SmartnodesEvents.read(event(signature, indexed, ZERO.repeat(words))))
                .isInstanceOfSatisfying(
                        RpcFormatException.class, e -> assertThat(e.field()).isEqualTo(field))
                .hasMessageContaining("missing");
    }

    @Test
    void numbers_and_accounts_that_do_not_fit_are_refused() {
        assertThatThrownBy(() ->
                        SmartnodesEvents.read(
                                event("ProposalExecuted(uint256,bytes32)", List.of(MAX, ZERO), "")))
                .hasMessageContaining("event proposalId: more than 8 bits");
        assertThatThrownBy(() ->
                        SmartnodesEvents.read(
                                event(
                                        "JobCompleted(bytes32,uint128,bool)",
                                        List.of(ZERO),
                                        MAX + ZERO)))
                .hasMessageContaining("event payment: more than 128 bits");
        assertThatThrownBy(() ->
                        SmartnodesEvents.read(event("ValidatorRemoved(address)", List.of(MAX), "")))
                .hasMessageContaining("event validator: not an account");
    }

    @Test
    void a_name_that_is_no_utf8_or_is_said_to_lie_past_the_end_is_not_looked_at() throws Exception {
        var payment = "%064x".formatted(7);
        var text = "%064x".formatted(2) + "c3280000" + "00".repeat(28);
        var signature = "JobCreated(bytes32,bytes32,string,uint128,bool)";

        for (var offset : List.of("%064x".formatted(96), MAX)) {
            var read =
                    SmartnodesEvents.read(
                            event(signature, List.of(ZERO, ZERO), offset + payment + ZERO + text));

            assertThat(read.orElseThrow().change())
                    .isEqualTo(
                            new Change.JobCreated(
                                    Bytes32.ZERO, Bytes32.ZERO, BigInteger.valueOf(7), false));
        }
    }
}
