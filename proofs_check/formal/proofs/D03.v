(* D3. Weak duality, item by item.

   For every lambda >= 0 and feasible z in [0,1]^d: lambda B + sum (p_i - lambda c_i)+ - sum p_i z_i = lambda (B -
   sum c_i z_i) + sum [(p_i - lambda c_i)+ - (p_i - lambda c_i) z_i], every term of which is >= 0.

   Assumes: none. *)
From Coq Require Import Reals Lra Psatz List.
From CWMP Require Import Relaxation.
Open Scope R_scope.

Definition plus (x : R) : R := Rmax 0 x.
Definition claim : Prop := forall I lam z, valid I -> 0 <= lam -> fractional I z -> spend I z <= B I ->
  lam * B I + sum (fun i => plus (p I i - lam * c I i)) (indices I) - value I z =
  lam * (B I - spend I z) +
  sum (fun i => plus (p I i - lam * c I i) - (p I i - lam * c I i) * z i) (indices I)
  /\ 0 <= lam * (B I - spend I z)
  /\ forall i, In i (indices I) -> 0 <= plus (p I i - lam * c I i) - (p I i - lam * c I i) * z i.

Theorem proved : claim.
Proof.
  intros I lam z V L Z F. split; [|split].
  - unfold value, spend. rewrite sum_minus.
    rewrite (sum_ext (fun i => (p I i - lam * c I i) * z i) (fun i => z i * p I i - lam * (z i * c I i)))
      by (intros; ring).
    rewrite sum_minus, sum_scale. ring.
  - nra.
  - intros i K. specialize (Z i K). unfold plus. pose proof (Rmax_l 0 (p I i - lam * c I i)).
    pose proof (Rmax_r 0 (p I i - lam * c I i)). destruct (Rle_dec 0 (p I i - lam * c I i)); nra.
Qed.
