package tensorlink.ledger.evm;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.io.UncheckedIOException;
import tools.jackson.databind.json.JsonMapper;

/** The compiled contract that is committed with the sources. */
final class Bytecode {
    private static final String RESOURCE = "TensorlinkLedger.json";

    private Bytecode() {}

    /** What a deployment runs, before the arguments of the constructor. */
    static ByteString creation() {
        try (var in = Bytecode.class.getResourceAsStream(RESOURCE)) {
            if (in == null) {
                throw new IllegalStateException(RESOURCE + " is not on the class path");
            }
            var contract = JsonMapper.shared().readTree(in);
            return RpcValue.data(contract.path("bytecode"), "bytecode");
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }
}
