(* The selectors that are run over the integers are those that the theorems speak of over the reals. *)
From Coq Require Import Reals ZArith List Bool Lra.
From CWMP Require Import Arithmetic Selectors.
Import ListNotations.

Record keeps_arithmetic {T U} (A : arithmetic T) (A' : arithmetic U) (h : T -> U) := {
  keeps_zero : h (zero A) = zero A';
  keeps_add : forall x y, h (add A x y) = add A' (h x) (h y);
  keeps_sub : forall x y, h (sub A x y) = sub A' (h x) (h y);
  keeps_mul : forall x y, h (mul A x y) = mul A' (h x) (h y);
  keeps_leb : forall x y, leb A' (h x) (h y) = leb A x y
}.

Definition image {T U} (h : T -> U) (I : instance T) : instance U :=
  Instance (d I) (fun i => h (p I i)) (fun i => h (c I i)) (h (B I)).

Definition claim : Prop := forall I : instance Z, let J := image IZR I in
  cwmp reals J = cwmp integers I /\ cwmp_fill reals J = cwmp_fill integers I /\
  cwmp_best_of reals J = cwmp_best_of integers I /\ critical_item reals J = critical_item integers I /\
  top_k reals J = top_k integers I /\ top_k_fill reals J = top_k_fill integers I /\
  top_k_best_of reals J = top_k_best_of integers I.

Section Transfer.
Context {T U} {A : arithmetic T} {A' : arithmetic U} {h : T -> U} (K : keeps_arithmetic A A' h).
Variable I : instance T.
Let J := image h I.

Lemma total_h f l : total A' (fun i => h (f i)) l = h (total A f l).
Proof. induction l; cbn; [symmetry; apply K|]. rewrite IHl. symmetry. apply K. Qed.

Lemma eligible_h : eligible A' J = eligible A I.
Proof. apply filter_ext. intros i. cbn. now rewrite <- (keeps_zero _ _ _ K), !(keeps_leb _ _ _ K). Qed.

Lemma sort_h f g l : (forall i j, f i j = g i j) -> sort f l = sort g l.
Proof.
  intros E. unfold sort. induction l as [|i l IH]; cbn; [auto|]. rewrite IH. generalize (fold_right (insert g) [] l).
  intros r. induction r as [|j r IHr]; cbn; [auto|]. now rewrite E, IHr.
Qed.

Lemma by_density_h : by_density A' J = by_density A I.
Proof.
  unfold by_density. rewrite eligible_h. apply sort_h. intros i j. unfold denser. cbn.
  now rewrite <- !(keeps_mul _ _ _ K), (keeps_leb _ _ _ K).
Qed.
Lemma by_score_h : by_score A' J = by_score A I.
Proof. unfold by_score. rewrite eligible_h. apply sort_h. intros i j. apply K. Qed.

Lemma prefix_h l : forall b, prefix A' (c J) (h b) l = prefix A (c I) b l.
Proof.
  induction l as [|i l IH]; intros b; cbn; [auto|]. rewrite (keeps_leb _ _ _ K), <- (keeps_sub _ _ _ K), <- IH. auto.
Qed.
Lemma critical_h l : forall b, critical A' (c J) (h b) l = critical A (c I) b l.
Proof.
  induction l as [|i l IH]; intros b; cbn; [auto|]. rewrite (keeps_leb _ _ _ K), <- (keeps_sub _ _ _ K), <- IH. auto.
Qed.
Lemma fill_h l : forall b, fill A' (c J) (h b) l = fill A (c I) b l.
Proof.
  induction l as [|i l IH]; intros b; cbn; [auto|].
  rewrite (keeps_leb _ _ _ K), <- (keeps_sub _ _ _ K). now rewrite !IH.
Qed.
Lemma best_of_h order : best_of A' J order = best_of A I order.
Proof.
  unfold best_of. rewrite by_score_h. cbn [c B J image]. change (fun i => h (c I i)) with (c J). rewrite fill_h.
  destruct (by_score A I); [auto|]. cbn [p J image]. now rewrite total_h, (keeps_leb _ _ _ K).
Qed.
End Transfer.

Lemma IZR_keeps : keeps_arithmetic integers reals IZR.
Proof.
  split; cbn.
  - reflexivity.
  - apply plus_IZR.
  - apply minus_IZR.
  - apply mult_IZR.
  - intros x y. destruct Rle_dec as [L|L].
    + symmetry. apply Z.leb_le, le_IZR, L.
    + symmetry. apply Z.leb_gt. apply lt_IZR. lra.
Qed.

Theorem proved : claim.
Proof.
  intros I J. unfold cwmp, cwmp_fill, cwmp_best_of, critical_item, top_k, top_k_fill, top_k_best_of, J.
  rewrite (by_density_h IZR_keeps I), (by_score_h IZR_keeps I), !(best_of_h IZR_keeps I).
  change (B (image IZR I)) with (IZR (B I)).
  rewrite !(prefix_h IZR_keeps I), !(fill_h IZR_keeps I), (critical_h IZR_keeps I). auto 7.
Qed.
