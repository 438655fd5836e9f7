package tensorlink.ledger.evm;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.opentest4j.TestAbortedException;

/** Tests of the chain are never left out unseen. */
class ContractToolsTest {

    @Test
    void a_missing_tool_fails_in_ci_and_is_said_elsewhere() {
        assertThatThrownBy(() -> ContractTools.require("no such tool", true))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("npm ci --ignore-scripts");
        assertThatThrownBy(() -> ContractTools.require("no such tool", false))
                .isInstanceOf(TestAbortedException.class)
                .hasMessageContaining("npm ci --ignore-scripts");
    }
}
