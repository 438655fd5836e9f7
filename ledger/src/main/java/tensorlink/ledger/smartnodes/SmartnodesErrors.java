package tensorlink.ledger.smartnodes;

import com.google.protobuf.ByteString;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import tensorlink.ledger.Bytes32;

/** The contracts' errors, which are four bytes of the Keccak of a name. */
final class SmartnodesErrors {
    private static final int SELECTOR = 4;
    private static final int SHOWN_MAX = 36;

    private static final Map<String, List<String>> NAMES =
            Map.of(
                    "Core",
                    List.of(
                            "InvalidUser",
                            "InvalidPayment",
                            "InvalidArrayLength",
                            "InsufficientBalance",
                            "JobExists",
                            "NotValidatorMultisig",
                            "NotToken",
                            "NodeExists",
                            "NodeDoesNotExist"),
                    "Coordinator",
                    List.of(
                            "NotValidator",
                            "NotCoreContract",
                            "NotTokenContract",
                            "NotEligibleValidator",
                            "AlreadySubmittedProposal",
                            "AlreadyVoted",
                            "InvalidProposalNumber",
                            "ProposalTooEarly",
                            "NotEnoughVotes",
                            "ProposalDataMismatch",
                            "MustBeProposalCreator",
                            "ValidatorAlreadyExists",
                            "ValidatorNotRegistered",
                            "NotEnoughActiveValidators",
                            "InvalidAddress"),
                    "Token",
                    List.of(
                            "InsufficientBalance",
                            "InvalidAddress",
                            "AlreadyLocked",
                            "NotLocked",
                            "UnlockPending",
                            "TransferFailed",
                            "CoreNotSet",
                            "DAONotSet",
                            "InvalidMerkleRoot",
                            "InvalidMerkleProof",
                            "RewardsAlreadyClaimed",
                            "InvalidArrayLength",
                            "ETHTransferFailed",
                            "DistributionTooEarly",
                            "DistributionTooOld",
                            "NotValidator"));

    private static final Map<ByteString, String> BY_SELECTOR = new HashMap<>();

    static {
        for (var contract : NAMES.entrySet()) {
            for (var error : contract.getValue()) {
                var name = contract.getKey() + "__" + error;
                var selector = Bytes32.keccak(name + "()").bytes().substring(0, SELECTOR);
                BY_SELECTOR.put(selector, name);
            }
        }
    }

    private SmartnodesErrors() {}

    /** The name of an error, or what can be said of it without one. */
    static String name(ByteString revert) {
        if (revert.isEmpty()) {
            return "reverted without a reason";
        }
        var name = revert.size() < SELECTOR ? null : BY_SELECTOR.get(revert.substring(0, SELECTOR));
        if (name != null) {
            return name;
        }
        var shown = revert.substring(0, Math.min(revert.size(), SHOWN_MAX));
        return "unknown error 0x" + HexFormat.of().formatHex(shown.toByteArray());
    }
}
