// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

/// A signature in its one form: s at most n/2, v 27 or 28. Its twin and other forms are refused.
struct Signature {
    bytes32 r;
    bytes32 s;
    uint8 v;
}

/// The money: an ERC-20 token that the issuer grants, and the signatures that move it.
///
/// What accounts set aside, for deposits, collateral and rewards, the contract holds in its own name.
abstract contract Credits is ERC20, EIP712 {
    struct Issuance {
        address issuer;
        address account;
        uint128 cumulative;
    }

    error BadSignature();
    error NotIssuer();
    error SupplyExceeded();
    error InsufficientCredits();

    event Issued(address indexed account, uint128 amount, uint128 cumulative);

    /// How long after its expiry something still counts, for clocks that differ.
    uint256 public constant EXPIRY_TOLERANCE = 10 minutes;

    /// Half the order of secp256k1: a signature with a larger s is another's twin.
    uint256 private constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    bytes32 private constant ISSUANCE =
        keccak256("Issuance(address issuer,address account,uint128 cumulative)");

    address public immutable issuer;

    /// All that was ever issued to an account.
    mapping(address account => uint128) public issued;

    constructor(address issuer_) ERC20("Tensorlink credits", "TLC") EIP712("Tensorlink", "1") {
        issuer = issuer_;
    }

    /// Grants an account credits up to a sum; false when it has had as much.
    function issue(Issuance calldata m, Signature calldata signature) external returns (bool) {
        if (m.issuer != issuer) revert NotIssuer();
        uint128 before = issued[m.account];
        if (m.cumulative <= before) return false;
        uint128 amount = m.cumulative - before;
        if (amount > type(uint128).max - totalSupply()) revert SupplyExceeded();
        _requireSigned(m.issuer, keccak256(abi.encode(ISSUANCE, m)), signature);
        issued[m.account] = m.cumulative;
        _mint(m.account, amount);
        emit Issued(m.account, amount, m.cumulative);
        return true;
    }

    /// Takes credits of an account into the contract's keeping.
    function _setAside(address account, uint256 amount) internal {
        if (amount > balanceOf(account)) revert InsufficientCredits();
        super._update(account, address(this), amount);
    }

    /// Gives an account credits that were kept.
    function _release(address account, uint256 amount) internal {
        _transfer(address(this), account, amount);
    }

    /// Nobody sends credits here by mistake: what the contract holds, somebody has set aside.
    function _update(address from, address to, uint256 value) internal override {
        if (to == address(this)) revert ERC20InvalidReceiver(to);
        super._update(from, to, value);
    }

    function _requireSigned(address signer, bytes32 structHash, Signature calldata signature) internal view {
        if (_signer(structHash, signature) != signer || signer == address(0)) revert BadSignature();
    }

    /// Who signed a message of this domain; the zero address when nobody can have.
    function _signer(bytes32 structHash, Signature calldata signature) internal view returns (address signer) {
        if (uint256(signature.s) > HALF_ORDER) return address(0);
        signer = ecrecover(_hashTypedDataV4(structHash), signature.v, signature.r, signature.s);
    }
}
