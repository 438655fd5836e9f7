package tensorlink.ledger.evm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.evm.EvmConfig.Deployment;
import tools.jackson.databind.JsonNode;

/** Which endpoint is asked. */
class EndpointsTest {
    private static final ByteString CODE = ByteString.copyFromUtf8("our contract's code");
    private static final Deployment CONTRACT =
            new Deployment(
                    AccountKey.of(Bytes32.keccak("contract")).account(), Bytes32.keccak(CODE), 0);

    private final Node first = new Node();
    private final Node second = new Node();
    private final Endpoints endpoints =
            new Endpoints(new Endpoints.Expected(8, Optional.of(CONTRACT)), List.of(first, second));

    /** A node that notes what it is asked. */
    private static final class Node implements Rpc {
        private final List<String> asked = new ArrayList<>();
        private String chainId = "0x8";
        private String answer = "0x1";
        private ByteString code = CODE;
        private Optional<IOException> failure = Optional.empty();

        @Override
        public JsonNode call(String method, Object... params) throws IOException {
            asked.add(method);
            if (failure.isPresent()) {
                throw failure.get();
            }
            return FakeChain.json(
                    switch (method) {
                        case "eth_chainId" -> chainId;
                        case "eth_getCode" -> RpcValue.hex(code);
                        default -> answer;
                    });
        }
    }

    private static String agreed(Endpoints endpoints) throws Exception {
        return endpoints.agreed(JsonNode::asString, "eth_call");
    }

    @Test
    void the_first_is_asked_once_it_has_shown_chain_and_contract() throws Exception {
        endpoints.call("eth_blockNumber");
        endpoints.call("eth_blockNumber");

        assertThat(first.asked)
                .containsExactly(
                        "eth_chainId", "eth_getCode", "eth_blockNumber", "eth_blockNumber");
        assertThat(second.asked).isEmpty();
    }

    @Test
    void a_failure_of_transport_leads_to_the_next_and_the_first_must_show_itself_again()
            throws Exception {
        endpoints.call("eth_blockNumber");
        first.failure = Optional.of(new RpcTransportException("gone", null));

        assertThat(endpoints.call("eth_blockNumber").asString()).isEqualTo("0x1");
        first.failure = Optional.empty();
        second.failure = Optional.of(new RpcTransportException("gone too", null));
        first.asked.clear();
        endpoints.call("eth_blockNumber");

        assertThat(first.asked).containsExactly("eth_chainId", "eth_getCode", "eth_blockNumber");
    }

    @Test
    void a_refusal_is_an_answer_and_not_asked_elsewhere() throws Exception {
        endpoints.call("eth_blockNumber");
        var refusal =
                RpcErrorException.of(
                        "eth_call", FakeChain.json(Map.of("code", 3, "message", "reverted")));
        first.failure = Optional.of(refusal);

        assertThatThrownBy(() -> endpoints.call("eth_call")).isSameAs(refusal);
        assertThat(second.asked).isEmpty();
    }

    @Test
    void an_endpoint_of_another_chain_or_with_other_code_is_asked_nothing_else() throws Exception {
        first.chainId = "0x9";
        second.code = ByteString.copyFromUtf8("other code");

        assertThatThrownBy(() -> endpoints.call("eth_sendRawTransaction"))
                .isInstanceOf(WrongChainException.class)
                .hasMessageContaining("serves chain 9, expected 8")
                .satisfies(e ->
                        assertThat(e.getSuppressed()[0])
                                .hasMessageContaining("expected " + CONTRACT.codeHash()));
        assertThat(first.asked).containsExactly("eth_chainId");
        assertThat(second.asked).containsExactly("eth_chainId", "eth_getCode");
    }

    @Test
    void what_two_endpoints_say_alike_is_believed_and_else_nothing_is() throws Exception {
        assertThat(agreed(endpoints)).isEqualTo("0x1");

        second.answer = "0x2";
        assertThatThrownBy(() -> agreed(endpoints))
                .isInstanceOf(DisagreementException.class)
                .hasMessageContaining("eth_call");
    }

    @Test
    void one_endpoint_that_refuses_what_the_other_tells_is_a_disagreement() throws Exception {
        agreed(endpoints);
        second.failure =
                Optional.of(
                        RpcErrorException.of(
                                "eth_call", FakeChain.json(Map.of("code", 3, "message", "no"))));

        assertThatThrownBy(() -> agreed(endpoints)).isInstanceOf(DisagreementException.class);
    }

    @Test
    void a_single_word_is_not_enough_while_there_should_be_two() {
        second.failure = Optional.of(new RpcTransportException("gone", null));

        assertThatThrownBy(() -> agreed(endpoints))
                .isInstanceOf(RpcTransportException.class)
                .hasMessageContaining("1 of 2 endpoints answer");
    }

    @Test
    void of_three_the_two_that_answer_are_enough() throws Exception {
        var third = new Node();
        var three =
                new Endpoints(
                        new Endpoints.Expected(8, Optional.of(CONTRACT)),
                        List.of(first, second, third));
        first.failure = Optional.of(new RpcTransportException("gone", null));

        assertThat(agreed(three)).isEqualTo("0x1");
    }

    @Test
    void what_is_read_alike_is_the_same_whatever_else_is_told() throws Exception {
        second.answer = "0x01";

        String read = endpoints.agreed(_ -> "read", "eth_call");
        assertThat(read).isEqualTo("read");
        assertThat(endpoints.told(JsonNode::asString, "eth_call")).containsExactly("0x1", "0x01");
    }

    @Test
    void a_transaction_is_shown_to_all() throws Exception {
        first.failure = Optional.of(new RpcTransportException("gone", null));

        endpoints.tellAll("eth_sendRawTransaction", "0x02");

        assertThat(second.asked).contains("eth_sendRawTransaction");
    }
}
