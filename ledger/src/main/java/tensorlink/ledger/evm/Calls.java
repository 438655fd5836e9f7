package tensorlink.ledger.evm;

import com.google.protobuf.ByteString;
import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.web3j.abi.FunctionEncoder;
import org.web3j.abi.datatypes.Address;
import org.web3j.abi.datatypes.DynamicArray;
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
import tensorlink.ledger.Issuance;
import tensorlink.ledger.JobClosing;
import tensorlink.ledger.JobOpening;
import tensorlink.ledger.Signature65;
import tensorlink.ledger.Signed;
import tensorlink.ledger.SignedAgreement;
import tensorlink.ledger.Voucher;

/** The contract's functions as data of a call: their selector, then their arguments. */
final class Calls {
    private static final String SIGNATURE = "(bytes32,bytes32,uint8)";
    private static final String VOUCHER = "(address,address,uint128,uint64,bytes32)";
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
        return call(
                "deposit((address,uint128)," + SIGNATURE + ")",
                struct(address(m.payer()), amount(m.cumulative())),
                signature(signed.signature()));
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
                new Uint64(terms.activationDelay().toSeconds()));
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
