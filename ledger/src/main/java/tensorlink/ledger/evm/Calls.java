package tensorlink.ledger.evm;

import com.google.protobuf.ByteString;
import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import org.web3j.abi.FunctionEncoder;
import org.web3j.abi.datatypes.Address;
import org.web3j.abi.datatypes.DynamicArray;
import org.web3j.abi.datatypes.DynamicBytes;
import org.web3j.abi.datatypes.DynamicStruct;
import org.web3j.abi.datatypes.StaticStruct;
import org.web3j.abi.datatypes.Type;
import org.web3j.abi.datatypes.generated.Bytes32;
import org.web3j.abi.datatypes.generated.Uint128;
import org.web3j.abi.datatypes.generated.Uint256;
import org.web3j.abi.datatypes.generated.Uint64;
import org.web3j.abi.datatypes.generated.Uint8;
import tensorlink.ledger.Account;
import tensorlink.ledger.Agreement;
import tensorlink.ledger.Amount;
import tensorlink.ledger.Deposit;
import tensorlink.ledger.Dispute;
import tensorlink.ledger.Endorsement;
import tensorlink.ledger.Equivocation;
import tensorlink.ledger.Funding;
import tensorlink.ledger.Issuance;
import tensorlink.ledger.JobClosing;
import tensorlink.ledger.JobOpening;
import tensorlink.ledger.Lock;
import tensorlink.ledger.PeerRecord;
import tensorlink.ledger.RewardRoot;
import tensorlink.ledger.RootCancel;
import tensorlink.ledger.Signature65;
import tensorlink.ledger.Signed;
import tensorlink.ledger.SignedAgreement;
import tensorlink.ledger.Stake;
import tensorlink.ledger.Unstake;
import tensorlink.ledger.Verdict;
import tensorlink.ledger.Voucher;
import tensorlink.ledger.Withdrawal;

/** The contract's functions as data of a call: their selector, then their arguments. */
final class Calls {
    private static final String SIGNATURE = "(bytes32,bytes32,uint8)";
    private static final String VOUCHER = "(address,address,uint128,uint64,bytes32)";
    private static final String ROOT = "(uint64,bytes32,uint128,bytes32)";
    private static final String AGREEMENT =
            "(bytes32,address,address,uint128,uint128,bytes32,uint64,uint64,bytes32,address,uint256)";

    private Calls() {}

    static ByteString issue(Signed<Issuance> signed) {
        var m = signed.message();
        return call(
                "issue((address,address,uint128)," + SIGNATURE + ")",
                struct(address(m.issuer()), address(m.account()), amount(m.cumulative())),
                signature(signed.signature()));
    }

    static ByteString deposit(Signed<Deposit> signed) {
        var m = signed.message();
        return moving("deposit", m.payer(), m.cumulative(), signed.signature());
    }

    static ByteString noticeWithdrawal(Signed<Withdrawal> signed) {
        var m = signed.message();
        return moving("noticeWithdrawal", m.payer(), m.cumulative(), signed.signature());
    }

    static ByteString withdraw(Account payer) {
        return call("withdraw(address)", address(payer));
    }

    static ByteString lock(Signed<Lock> signed) {
        var m = signed.message();
        return call(
                "lock((address,address,uint128,uint64)," + SIGNATURE + ")",
                struct(address(m.payer()), address(m.payee()), amount(m.amount()), time(m.until())),
                signature(signed.signature()));
    }

    static ByteString unlock(Account payer, Account payee) {
        return call("unlock(address,address)", address(payer), address(payee));
    }

    static ByteString dispute(Agreement agreement, Signed<Dispute> signed) {
        var m = signed.message();
        return call(
                "dispute(" + AGREEMENT + ",(bytes32,address,bytes32)," + SIGNATURE + ")",
                agreement(agreement),
                struct(word(m.agreement()), address(m.plaintiff()), word(m.evidence())),
                signature(signed.signature()));
    }

    static ByteString judge(Agreement agreement, Signed<Verdict> signed) {
        var m = signed.message();
        return call(
                "judge(" + AGREEMENT + ",(bytes32,uint128,address)," + SIGNATURE + ")",
                agreement(agreement),
                struct(word(m.agreement()), amount(m.cumulative()), address(m.arbiter())),
                signature(signed.signature()));
    }

    static ByteString stake(Signed<Stake> signed) {
        var m = signed.message();
        return moving("stake", m.validator(), m.cumulative(), signed.signature());
    }

    static ByteString noticeUnstake(Signed<Unstake> signed) {
        var m = signed.message();
        return moving("noticeUnstake", m.validator(), m.cumulative(), signed.signature());
    }

    static ByteString unstake(Account validator) {
        return call("unstake(address)", address(validator));
    }

    static ByteString announce(Signed<PeerRecord> signed) {
        var m = signed.message();
        return call(
                "announce((address,bytes,uint64)," + SIGNATURE + ")",
                new DynamicStruct(
                        address(m.validator()),
                        new DynamicBytes(m.record().toByteArray()),
                        new Uint64(m.serial())),
                signature(signed.signature()));
    }

    static ByteString slash(Equivocation.Roots proof, Account reporter) {
        return call(
                "slash(address,address," + String.join(",", ROOT, SIGNATURE, ROOT, SIGNATURE) + ")",
                address(proof.validator()),
                address(reporter),
                root(proof.one()),
                signature(proof.oneSignature()),
                root(proof.other()),
                signature(proof.otherSignature()));
    }

    static ByteString fund(Signed<Funding> signed) {
        var m = signed.message();
        return moving("fund", m.funder(), m.cumulative(), signed.signature());
    }

    static ByteString postRoot(RewardRoot root, List<Endorsement> quorum) {
        return call("postRoot(" + ROOT + "," + SIGNATURE + "[])", root(root), signatures(quorum));
    }

    static ByteString cancelRoot(RootCancel cancel, List<Endorsement> veto) {
        return call(
                "cancelRoot(uint64," + SIGNATURE + "[])",
                new Uint64(cancel.epoch()),
                signatures(veto));
    }

    static ByteString claim(Account account, Amount total, List<tensorlink.ledger.Bytes32> proof) {
        return call(
                "claim(address,uint128,bytes32[])",
                address(account),
                amount(total),
                new DynamicArray<>(Bytes32.class, proof.stream().map(Calls::word).toList()));
    }

    static ByteString openJob(Signed<JobOpening> signed) {
        var m = signed.message();
        return call(
                "openJob((bytes32,address,uint256,address)," + SIGNATURE + ")",
                struct(
                        word(m.specHash()),
                        address(m.payer()),
                        number(m.salt()),
                        address(m.notary())),
                signature(signed.signature()));
    }

    static ByteString recordAgreement(SignedAgreement signed) {
        var m = signed.agreement();
        return call(
                "recordAgreement(" + AGREEMENT + "," + SIGNATURE + "," + SIGNATURE + ")",
                agreement(m),
                signature(signed.payerSignature()),
                signature(signed.payeeSignature()));
    }

    static ByteString closeJob(Signed<JobClosing> signed) {
        var m = signed.message();
        return call(
                "closeJob((bytes32,uint8,bytes32,address)," + SIGNATURE + ")",
                struct(
                        word(m.jobId()),
                        new Uint8(m.end().code()),
                        word(m.resultHash()),
                        address(m.closer())),
                signature(signed.signature()));
    }

    static ByteString redeem(List<Signed<Voucher>> vouchers) {
        var batch = new ArrayList<StaticStruct>();
        for (var signed : vouchers) {
            var m = signed.message();
            batch.add(
                    struct(
                            struct(
                                    address(m.payer()),
                                    address(m.payee()),
                                    amount(m.cumulative()),
                                    time(m.expiry()),
                                    word(m.jobsRoot())),
                            signature(signed.signature())));
        }
        return call(
                "redeem((" + VOUCHER + "," + SIGNATURE + ")[])",
                new DynamicArray<>(StaticStruct.class, batch));
    }

    static ByteString credits(Account account) {
        return call("balanceOf(address)", address(account));
    }

    static ByteString issued(Account account) {
        return call("issued(address)", address(account));
    }

    static ByteString purse(Account payer) {
        return call("purses(address)", address(payer));
    }

    static ByteString pair(Account payer, Account payee) {
        return call("pairs(address,address)", address(payer), address(payee));
    }

    static ByteString registration(Account account) {
        return call("registration(address)", address(account));
    }

    /** Up to {@code limit} validators from a place on, and where their nodes are. */
    static ByteString validators(int first, int limit) {
        return call("validators(uint256,uint256)", new Uint256(first), new Uint256(limit));
    }

    static ByteString dispute(tensorlink.ledger.Bytes32 agreement) {
        return call("cases(bytes32)", word(agreement));
    }

    static ByteString rewards() {
        return call("rewards()");
    }

    static ByteString claimed(Account account) {
        return call("claimed(address)", address(account));
    }

    static ByteString funded(Account funder) {
        return call("funded(address)", address(funder));
    }

    static ByteString job(tensorlink.ledger.Bytes32 id) {
        return call("job(bytes32)", word(id));
    }

    static ByteString issuer() {
        return call("issuer()");
    }

    static ByteString expiryTolerance() {
        return call("EXPIRY_TOLERANCE()");
    }

    static ByteString vouchersMax() {
        return call("VOUCHERS_MAX()");
    }

    /** What was fixed when the contract was deployed, by the name it has there. */
    static ByteString term(String name) {
        return call(name + "()");
    }

    /** The arguments of the constructor, which follow the code that is deployed. */
    static ByteString construction(EvmTerms terms) {
        return encode(
                address(terms.issuer()),
                address(terms.guardian()),
                amount(terms.stakeMin()),
                new Uint64(terms.validatorsMin()),
                new Uint64(terms.withdrawalNotice().toSeconds()),
                new Uint64(terms.unstakeDelay().toSeconds()),
                new Uint64(terms.activationDelay().toSeconds()),
                new Uint64(terms.disputeWindow().toSeconds()));
    }

    /** A signed order of an account that moves credits, up to a sum since the beginning. */
    private static ByteString moving(
            String function, Account account, Amount cumulative, Signature65 signature) {
        return call(
                function + "((address,uint128)," + SIGNATURE + ")",
                struct(address(account), amount(cumulative)),
                signature(signature));
    }

    private static StaticStruct root(RewardRoot m) {
        return struct(
                new Uint64(m.epoch()), word(m.root()), amount(m.total()), word(m.leavesHash()));
    }

    /** In the order of the accounts, as the contract checks them. */
    private static DynamicArray<StaticStruct> signatures(List<Endorsement> endorsements) {
        var sorted = new ArrayList<>(endorsements);
        sorted.sort(Comparator.comparing(e -> e.validator().toString()));
        return new DynamicArray<>(
                StaticStruct.class, sorted.stream().map(e -> signature(e.signature())).toList());
    }

    private static StaticStruct agreement(Agreement m) {
        return struct(
                word(m.jobId()),
                address(m.payer()),
                address(m.payee()),
                amount(m.maxPrice()),
                amount(m.unitPrice()),
                word(m.unit()),
                time(m.start()),
                time(m.deadline()),
                word(m.specHash()),
                address(m.arbiter()),
                number(m.salt()));
    }

    private static ByteString call(String signature, Type<?>... arguments) {
        return Reverts.selector(signature).concat(encode(arguments));
    }

    @SuppressWarnings("rawtypes") // as Web3j has it
    private static ByteString encode(Type<?>... arguments) {
        var hex = FunctionEncoder.encodeConstructor(List.<Type>of(arguments));
        return ByteString.copyFrom(HexFormat.of().parseHex(hex));
    }

    @SuppressWarnings("rawtypes")
    private static StaticStruct struct(Type... members) {
        return new StaticStruct(members);
    }

    private static StaticStruct signature(Signature65 signature) {
        var bytes = signature.bytes();
        return struct(
                new Bytes32(bytes.substring(0, 32).toByteArray()),
                new Bytes32(bytes.substring(32, 64).toByteArray()),
                new Uint8(bytes.byteAt(64)));
    }

    private static Address address(Account account) {
        return new Address(RpcValue.hex(account.bytes()));
    }

    private static Uint128 amount(Amount amount) {
        return new Uint128(amount.value());
    }

    private static Uint64 time(Instant time) {
        return new Uint64(time.getEpochSecond());
    }

    private static Bytes32 word(tensorlink.ledger.Bytes32 word) {
        return new Bytes32(word.bytes().toByteArray());
    }

    private static Uint256 number(tensorlink.ledger.Bytes32 word) {
        return new Uint256(new BigInteger(1, word.bytes().toByteArray()));
    }
}
